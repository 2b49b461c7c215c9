#include "check/change/change.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "policy/spf_record.h"
#include "policy/tag_list.h"

namespace waybill::check::change {

std::span<const ChangeCheck* const> change_checks() {
  static constexpr std::array<const ChangeCheck*, 6> kList{
      &ttl_too_long, &host_ttl_below_mx, &sts_outlives, &tlsa_too_late, &selector_removed, &sts_id_unchanged,
  };
  return kList;
}

KeyChange key_change(const HostPair& host) {
  if (!host.stays() || host.tlsa.unknown()) return KeyChange::none;
  const auto before = host.tlsa.records(*host.tlsa.live);
  const auto after = host.tlsa.records(*host.tlsa.proposed);
  if (before.empty() || after.empty() || !host.tlsa.changes()) return KeyChange::none;
  return host.tlsa.removed().size() == before.size() ? KeyChange::replaced : KeyChange::overlaps;
}

std::string dkim_key(const SetPair& selector, const dns::Answer& answer) {
  for (const dns::Record& record : selector.records(answer)) {
    const auto* txt = std::get_if<dns::Txt>(&record.data);
    if (txt == nullptr) continue;
    const std::string text = txt->joined();
    const policy::TagList tags = policy::parse_tags(text);
    const policy::Tag* key = tags.find("p");
    if (key == nullptr || key->value.empty()) continue;
    std::string out;
    for (const char c : key->value) {
      if (c != ' ' && c != '\t') out += c;
    }
    return out;
  }
  return "";
}

std::vector<std::string> spf_terms_only_in(const std::string& text, const std::string& other) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  const auto known = other.empty() ? policy::SpfRecord{} : policy::parse_spf(other);
  for (const policy::SpfTerm& term : policy::parse_spf(text).terms) {
    const bool there = std::ranges::any_of(
        known.terms, [&](const policy::SpfTerm& each) { return iequals(each.text, term.text); });
    if (!there) out.push_back(term.text);
  }
  return out;
}

bool spf_allows_more(const std::string& before, const std::string& after) {
  const auto fresh = spf_terms_only_in(after, before);
  if (fresh.empty()) return false;
  return std::ranges::any_of(policy::parse_spf(after).terms, [&](const policy::SpfTerm& term) {
    const bool allows = term.is_modifier() ? term.kind == policy::SpfKind::redirect
                                           : term.qualifier == policy::SpfQualifier::pass;
    return allows && std::ranges::find(fresh, term.text) != fresh.end();
  });
}

std::string spf_text(const SetPair& spf, const dns::Answer& answer) {
  const auto records = spf.records(answer);
  return records.size() == 1 ? std::get<dns::Txt>(records.front().data).joined() : "";
}

std::string sts_id(Time time) {
  std::string out;
  for (const char c : format_rfc3339(time).substr(0, 19)) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

bool stale_does_harm(const View& view, const SetPair& set) {
  if (set.unknown()) return false;
  if (set.type == dns::Type::mx) {
    const auto after = mx_of(*set.proposed);
    return std::ranges::any_of(mx_of(*set.live), [&](const dns::Mx& mx) {
      return std::ranges::find(after, mx.exchange, &dns::Mx::exchange) == after.end();
    });
  }
  if (set.type == dns::Type::a || set.type == dns::Type::aaaa) {
    // Of a host that leaves the MX set the address stays until nobody comes any more; that is a step of its
    // own.
    const auto host = std::ranges::find(view.hosts, set.name, &HostPair::name);
    return host != view.hosts.end() && host->stays() && !set.removed().empty();
  }
  if (&set != &view.spf) return false;
  const std::string before = spf_text(set, *set.live);
  return !before.empty() && spf_allows_more(before, spf_text(set, *set.proposed));
}

}  // namespace waybill::check::change
