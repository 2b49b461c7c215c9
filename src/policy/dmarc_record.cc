#include "policy/dmarc_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr std::string_view kVersion = "DMARC1";
constexpr size_t kUrisMax = 20;
constexpr std::array<std::string_view, 3> kRemoved{"pct", "rf", "ri"};

template <size_t N>
bool has(const std::array<std::string_view, N>& set, std::string_view text) {
  return std::ranges::find(set, text) != set.end();
}

class DmarcReader {
 public:
  explicit DmarcReader(DmarcRecord& out) : out_(out) {}

  void read(const Tag& tag) {
    if (tag.name == "v") return;
    if (tag.name == "p") return policy(tag, out_.p);
    if (tag.name == "sp") return policy(tag, out_.sp);
    if (tag.name == "np") return policy(tag, out_.np);
    if (tag.name == "t") {
      if (one_of<2>(tag, {"y", "n"})) out_.testing = iequals(tag.value, "y");
    } else if (tag.name == "psd") {
      if (one_of<3>(tag, {"y", "n", "u"}))
        out_.psd = iequals(tag.value, "y")   ? DmarcPsd::yes
                   : iequals(tag.value, "n") ? DmarcPsd::no
                                             : DmarcPsd::unknown;
    } else if (tag.name == "adkim" || tag.name == "aspf") {
      one_of<2>(tag, {"r", "s"});
    } else if (tag.name == "fo") {
      options(tag);
    } else if (tag.name == "rua") {
      uris(tag, out_.rua);
    } else if (tag.name == "ruf") {
      uris(tag, out_.ruf);
    } else if (has(kRemoved, tag.name)) {
      out_.removed.push_back(tag);
    } else {
      out_.unknown.push_back(tag);
    }
  }

 private:
  void fault(const Tag& tag, std::string what) { out_.faults.push_back({tag.place, std::move(what)}); }

  template <size_t N>
  bool one_of(const Tag& tag, const std::array<std::string_view, N>& values) {
    if (std::ranges::any_of(values, [&](std::string_view value) { return iequals(value, tag.value); }))
      return true;
    fault(tag, fmt::format("{} is '{}', and means something only as {}", tag.name, printable(tag.value, 40),
                           fmt::join(values, ", ")));
    return false;
  }

  void policy(const Tag& tag, std::optional<DmarcPolicy>& out) {
    if (!one_of<3>(tag, {"none", "quarantine", "reject"})) return;
    out = iequals(tag.value, "none")     ? DmarcPolicy::none
          : iequals(tag.value, "reject") ? DmarcPolicy::reject
                                         : DmarcPolicy::quarantine;
  }

  void options(const Tag& tag) {
    for (const std::string_view part : split(tag.value, ':')) {
      const std::string_view option = trim(part);
      if (option.size() != 1 || std::string_view("01dsDS").find(option[0]) == std::string_view::npos)
        return fault(tag, fmt::format("fo holds '{}', and means something only with 0, 1, d, s",
                                      printable(option, 40)));
    }
  }

  void uris(const Tag& tag, std::vector<DmarcUri>& out) {
    for (const std::string_view part : split(tag.value, ',')) {
      const std::string_view text = trim(part);
      if (out.size() >= kUrisMax)
        return fault(tag, fmt::format("{} names more than {} addresses", tag.name, kUrisMax));
      DmarcUri uri{.text = std::string(text), .place = tag.place};
      if (!mailto(text, uri)) {
        fault(tag, fmt::format("{} holds '{}', which is no mailto:someone@example.org", tag.name,
                               printable(text, 80)));
        continue;
      }
      out.push_back(std::move(uri));
    }
  }

  static bool mailto(std::string_view text, DmarcUri& uri) {
    constexpr std::string_view kScheme = "mailto:";
    if (!iequals(text.substr(0, kScheme.size()), kScheme)) return false;
    std::string_view address = text.substr(kScheme.size());
    address = address.substr(0, address.find_first_of("?!"));  // "!10m" is RFC 7489's size limit, ignored now
    const size_t at = address.rfind('@');
    if (at == std::string_view::npos || at == 0) return false;
    const auto printing = [](char c) { return c > 0x20 && c < 0x7f; };
    if (!std::ranges::all_of(address, printing)) return false;
    auto domain = dns::Name::parse(address.substr(at + 1));
    if (!domain || domain->is_root()) return false;
    uri.address = address;
    uri.domain = std::move(*domain);
    return true;
  }

  DmarcRecord& out_;
};
}  // namespace

std::string_view to_string(DmarcPolicy policy) {
  switch (policy) {
    case DmarcPolicy::none:
      return "none";
    case DmarcPolicy::quarantine:
      return "quarantine";
    case DmarcPolicy::reject:
      return "reject";
  }
  return "none";
}

DmarcPolicy while_testing(DmarcPolicy policy) {
  return policy == DmarcPolicy::reject ? DmarcPolicy::quarantine : DmarcPolicy::none;
}

std::optional<DmarcPolicy> DmarcRecord::policy() const {
  if (p) return p;
  if (!rua.empty()) return DmarcPolicy::none;  // RFC 9989 4.7
  return std::nullopt;
}

std::optional<DmarcPolicy> DmarcRecord::policy_for_subdomains() const { return sp ? sp : policy(); }

std::optional<DmarcPolicy> DmarcRecord::policy_for_missing_subdomains() const {
  return np ? np : policy_for_subdomains();
}

DmarcRecord parse_dmarc(std::string_view text) {
  DmarcRecord out;
  TagList list = parse_tags(text);
  out.faults = std::move(list.faults);
  DmarcReader reader(out);
  for (const Tag& tag : list.tags) {
    if (list.find(tag.name) == &tag) reader.read(tag);  // of a repeated one the first
  }
  return out;
}

DmarcTexts dmarc_texts(const dns::Answer& answer) {
  DmarcTexts out;
  for (const dns::Record& record : answer.records) {
    const auto* txt = std::get_if<dns::Txt>(&record.data);
    if (txt == nullptr) continue;
    std::string text = txt->joined();
    // RFC 9989 4.7: v comes first, and its value counts by case.
    const TagList first = parse_tags(std::string_view(text).substr(0, text.find(';')));
    if (first.faults.empty() && first.tags.size() == 1 && first.tags[0].name == "v" &&
        first.tags[0].value == kVersion) {
      out.records.push_back(&record);
      out.texts.push_back(std::move(text));
    } else if (to_lower(std::string_view(text).substr(0, 4096)).find("dmarc") != std::string::npos ||
               parse_tags(text).find("p") != nullptr) {
      out.nearly.push_back(std::move(text));
    }
  }
  return out;
}

}  // namespace waybill::policy
