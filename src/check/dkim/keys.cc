#include "check/dkim/keys.h"

namespace waybill::check::dkim {

std::optional<dns::Name> key_name(const Subject& subject, const std::string& selector) {
  // A selector may have several labels (RFC 6376 3.1).
  auto name = dns::Name::parse(fmt::format("{}._domainkey.{}", selector, subject.name.to_string()));
  if (selector.empty() || !name) return std::nullopt;
  return std::move(*name);
}

std::vector<Key> keys(const Subject& subject, Look& look, Report& report) {
  std::vector<Key> out;
  for (const std::string& selector : subject.selectors) {
    const auto name = key_name(subject, selector);
    const dns::Answer* answer = name ? known(look, report, *name, dns::Type::txt) : nullptr;
    if (answer == nullptr || !answer->present()) continue;
    for (const dns::Record& record : answer->records) {
      const auto* txt = std::get_if<dns::Txt>(&record.data);
      if (txt == nullptr) continue;
      const std::string text = txt->joined();
      out.push_back({.name = *name,
                     .text = text,
                     .cleaned = policy::without_pasted_quotes(text).value_or(text),
                     .several = answer->records.size(),
                     .about = About{answer->canonical, dns::Type::txt, record.data}});
      break;
    }
  }
  if (out.empty() && report.findings().empty() && report.skipped().empty())
    report.skip("none of the selectors has a key, which dkim.selector-missing reports");
  return out;
}

}  // namespace waybill::check::dkim
