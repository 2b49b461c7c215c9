#include "policy/client_record.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr size_t kTextOctetsMax = 250;

/// Fields parted by tabs; a field of text has none of its own.
class Writer {
 public:
  explicit Writer(std::string_view kind) : out_(kind) {}
  Writer& number(uint64_t value) {
    out_ += fmt::format("\t{}", value);
    return *this;
  }
  Writer& time(Time value) {
    out_ += fmt::format("\t{}", value.time_since_epoch().count());
    return *this;
  }
  Writer& text(std::string_view value) {
    out_ += '\t';
    for (const char c : value.substr(0, kTextOctetsMax)) {
      out_ += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : fields_(split(text, '\t')) {}
  bool starts(std::string_view kind) { return next() == kind; }
  template <class T>
  void number(T& value) {
    const std::string_view text = next();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) good_ = false;
  }
  void time(Time& value) {
    int64_t ms = 0;
    number(ms);
    value = Time{Millis{ms}};
  }
  void text(std::string& value) { value = std::string(next()); }
  void flag(bool& value) {
    uint8_t number_read = 0;
    number(number_read);
    value = number_read != 0;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return pos_ == fields_.size(); }

 private:
  std::string_view next() {
    if (pos_ < fields_.size()) return fields_[pos_++];
    good_ = false;
    return {};
  }
  std::vector<std::string_view> fields_;
  size_t pos_ = 0;
  bool good_ = true;
};
}  // namespace

std::string client_key(const IpAddress& ip) {
  if (ip.is_v4()) return ip.to_string();
  auto octets = ip.octets();
  std::fill(octets.begin() + 8, octets.end(), uint8_t{0});
  return IpAddress::v6(octets).to_string() + "/64";
}

void ClientRecord::visited(const Place& place, Time now) {
  if (connections++ == 0) first = now;
  last = now;
  std::erase_if(visits, [&](const Visit& visit) { return visit.place == place; });
  if (visits.size() >= kVisitsMax) visits.erase(visits.begin());
  visits.push_back({place, now});
}

std::string ClientRecord::encode() const {
  Writer out("c1");
  out.time(first).time(last).number(connections).number(early ? 1 : 0).number(wrong_mx ? 1 : 0);
  out.number(static_cast<uint64_t>(ptr));
  for (const Visit& visit : visits) out.text(visit.place).time(visit.when);
  return out.take();
}

std::optional<ClientRecord> ClientRecord::decode(std::string_view text) {
  Reader in(text);
  if (!in.starts("c1")) return std::nullopt;
  ClientRecord out;
  in.time(out.first);
  in.time(out.last);
  in.number(out.connections);
  in.flag(out.early);
  in.flag(out.wrong_mx);
  uint8_t ptr = 0;
  in.number(ptr);
  if (ptr > static_cast<uint8_t>(dns::PtrStatus::not_asked)) return std::nullopt;
  out.ptr = static_cast<dns::PtrStatus>(ptr);
  while (in.good() && !in.at_end()) {
    if (out.visits.size() == kVisitsMax) return std::nullopt;
    Visit visit;
    in.text(visit.place);
    in.time(visit.when);
    out.visits.push_back(std::move(visit));
  }
  if (!in.good()) return std::nullopt;
  return out;
}

std::string ClientTally::encode() const {
  Writer out("t1");
  out.time(first).time(last).number(messages);
  for (const ClientTest test : kClientTests) {
    out.number(failed[test]).number(turned_away[test]).time(failed_last[test]).text(why[test]);
  }
  out.text(name).text(helo).text(from).text(place);
  return out.take();
}

std::optional<ClientTally> ClientTally::decode(std::string_view text) {
  Reader in(text);
  if (!in.starts("t1")) return std::nullopt;
  ClientTally out;
  in.time(out.first);
  in.time(out.last);
  in.number(out.messages);
  for (const ClientTest test : kClientTests) {
    in.number(out.failed[test]);
    in.number(out.turned_away[test]);
    in.time(out.failed_last[test]);
    in.text(out.why[test]);
  }
  in.text(out.name);
  in.text(out.helo);
  in.text(out.from);
  in.text(out.place);
  if (!in.good() || !in.at_end()) return std::nullopt;
  return out;
}

}  // namespace waybill::policy
