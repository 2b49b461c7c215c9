#include "check/change/steps.h"

#include "check/change/order.h"
#include "policy/spf_record.h"

namespace waybill::check::change {

std::string name_list(const std::vector<const HostPair*>& hosts) {
  std::vector<std::string> out;
  for (const HostPair* host : hosts) out.push_back(host->name.to_string());
  return fmt::format("{}", fmt::join(out, ", "));
}

dns::Record with_ttl(dns::Record record, uint32_t ttl_s) {
  record.ttl_s = ttl_s;
  return record;
}

dns::Record text_record(const dns::Name& name, uint32_t ttl_s, std::string_view text) {
  dns::Txt txt;
  for (; text.size() > 255; text.remove_prefix(255)) txt.strings.emplace_back(text.substr(0, 255));
  txt.strings.emplace_back(text);
  return {.owner = name, .type = dns::Type::txt, .ttl_s = ttl_s, .data = std::move(txt)};
}

std::string merged_spf(const std::string& live, const std::string& proposed) {
  const auto extra = spf_terms_only_in(live, proposed);
  const auto before = policy::parse_spf(live);
  const policy::SpfTerm* old_end = before.find(policy::SpfKind::all);
  std::vector<std::string> terms{"v=spf1"};
  const auto put_extra = [&] {
    for (const policy::SpfTerm& term : before.terms) {
      const bool allows = term.qualifier == policy::SpfQualifier::pass && !term.is_modifier() &&
                          term.kind != policy::SpfKind::all;
      if (allows && std::ranges::find(extra, term.text) != extra.end()) terms.push_back(term.text);
    }
  };
  bool done = false;
  for (const policy::SpfTerm& term : policy::parse_spf(proposed).terms) {
    const bool is_end = term.kind == policy::SpfKind::all;
    if (!done && (is_end || term.is_modifier())) {
      put_extra();
      done = true;
    }
    // Qualifiers stand in the order of their weight: who was not refused so far is not refused meanwhile.
    const bool gentler = is_end && old_end != nullptr && old_end->qualifier < term.qualifier;
    terms.push_back(gentler ? old_end->text : term.text);
  }
  if (!done) put_extra();
  return fmt::format("{}", fmt::join(terms, " "));
}

Steps order_steps(const Move& move, const View& view) { return Order(move, view).run(); }

}  // namespace waybill::check::change
