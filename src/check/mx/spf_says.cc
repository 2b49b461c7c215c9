#include "check/mx/spf_says.h"

#include "base/bytes.h"

namespace waybill::check::mx {
namespace {
using Who = SpfSays::Who;
/// RFC 7208 4.6.4: a record that redirects on and on is an error after ten look-ups.
constexpr int kRedirectsMax = 10;

/// The target of `redirect=` if the record leaves the decision to it; sets `who` otherwise.
std::string read_terms(const std::string& text, Who& who) {
  std::string redirect;
  bool first = true;
  for (const std::string_view term : split(text, ' ')) {
    if (term.empty() || std::exchange(first, false)) continue;  // the version
    const size_t equals = term.find('=');
    const bool is_modifier = equals != std::string_view::npos && term.find_first_of(":/") > equals;
    if (is_modifier) {
      if (iequals(term.substr(0, equals), "redirect")) redirect = term.substr(equals + 1);
      continue;
    }
    // RFC 7208 5.1: what stands after "all" is never read, so only the first directive can mean "nobody".
    who = iequals(term, "-all") ? Who::nobody : Who::somebody;
    return "";
  }
  if (redirect.empty()) who = Who::somebody;  // RFC 7208 4.7: the default is neutral, which is no "-all"
  return redirect;
}
}  // namespace

SpfSays spf_says(const dns::Name& name, Look& look, Report& report) {
  SpfSays out;
  dns::Name at = name;
  for (int hop = 0; hop <= kRedirectsMax; ++hop) {
    const dns::Answer* answer = look.dns(at, dns::Type::txt);
    if (answer == nullptr) return out;
    if (answer->unknown()) {
      report.unknown(at, dns::Type::txt, *answer);
      return {.who = Who::unknown, .text = std::move(out.text)};
    }
    const TaggedText found = texts_with(*answer, "v=spf1");
    if (hop == 0 && found.texts.empty()) return {.who = Who::nothing, .text = ""};
    if (hop == 0) out.text = found.texts.front();
    if (found.texts.size() != 1) break;
    Who who = Who::unclear;
    const std::string redirect = read_terms(found.texts.front(), who);
    if (redirect.empty()) return {.who = who, .text = std::move(out.text)};
    const auto next = dns::Name::parse(redirect);
    if (!next || redirect.contains('%')) break;  // a macro: it depends on the sender
    at = *next;
  }
  out.who = Who::unclear;
  return out;
}

}  // namespace waybill::check::mx
