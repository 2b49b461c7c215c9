#include "policy/greylist.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr size_t kPartOctetsMax = 280;

/// The sender as it stays from message to message.
std::string steady_sender(const mail::Address& from) {
  std::string_view local = from.local;
  // BATV: prvs=TAG=local, where TAG changes daily.
  if (to_lower(local.substr(0, 5)) == "prvs=") {
    const size_t tag_end = local.find('=', 5);
    if (tag_end != std::string_view::npos) local = local.substr(tag_end + 1);
  }
  const size_t plus = local.find('+');
  if (plus != std::string_view::npos && plus > 0) local = local.substr(0, plus);
  std::string out;
  for (const char c : local) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !out.empty() && out.back() == '#') continue;
    out += digit ? '#' : c;
  }
  return fmt::format("{}@{}", to_lower(out), from.domain.text());
}

std::string cut(std::string text) {
  text.resize(std::min(text.size(), kPartOctetsMax));
  return text;
}
}  // namespace

std::string greylist_network(const IpAddress& client) {
  auto octets = client.octets();
  if (client.is_v6()) {
    std::fill(octets.begin() + 8, octets.end(), uint8_t{0});
    return IpAddress::v6(octets).to_string() + "/64";
  }
  return IpAddress::v4(std::array<uint8_t, 4>{octets[0], octets[1], octets[2], 0}).to_string() + "/24";
}

std::string greylist_key(std::string_view network, const mail::ReversePath& from, const mail::Address& to) {
  return fmt::format("t\n{}\n{}\n{}", network, from ? cut(steady_sender(*from)) : "",
                     cut(fmt::format("{}@{}", to_lower(to.local), to.domain.text())));
}

bool is_greylist_exempt(const mail::ReversePath& from, const mail::Address& to) {
  return !from || iequals(to.local, "postmaster") || iequals(to.local, "abuse");
}

std::string GreylistEntry::encode() const {
  return fmt::format("{}{}", passed ? 'p' : 'w', first.time_since_epoch().count());
}

std::optional<GreylistEntry> GreylistEntry::decode(std::string_view text) {
  if (text.size() < 2 || (text[0] != 'p' && text[0] != 'w')) return std::nullopt;
  int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), ms);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return GreylistEntry{Time{Millis{ms}}, text[0] == 'p'};
}

GreylistStep greylist(const std::optional<GreylistEntry>& known, uint64_t waits_ended_well, Time now,
                      const GreylistTimes& times) {
  GreylistStep out;
  out.finding = {Found::pass, "it came back before"};
  if (known && known->passed) {
    out.entry = *known;
    out.expires = now + times.keep;
    return out;
  }
  const bool known_client = times.known_after > 0 && waits_ended_well >= times.known_after;
  out.entry = known.value_or(GreylistEntry{now, false});
  // A clock that was set back must not make anybody wait longer than the delay.
  if (out.entry.first > now || out.entry.first + times.window < now) out.entry = {now, false};
  out.expires = out.entry.first + times.window;
  const Millis waited = now - out.entry.first;
  if (known_client) {
    out.finding = {Found::pass, "its network or name is known"};
    out.entry.passed = true;
    out.expires = now + times.keep;
  } else if (waited >= times.delay) {
    out.finding = {Found::pass, "it came back"};
    out.entry.passed = true;
    out.expires = now + times.keep;
    out.came_back = true;
  } else {
    out.finding = {Found::fail, "sender, recipient and network were not seen together before",
                   times.delay - waited};
  }
  return out;
}

}  // namespace waybill::policy
