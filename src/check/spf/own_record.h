// own_record.h: what the checks of SPF share: the domain's one SPF record, and the tree below it. Where there
// is none, or several, or no answer, it has been said already why there is nothing to judge.
#pragma once

#include <optional>
#include <string>

#include "check/check.h"
#include "policy/spf_survey.h"

namespace waybill::check::spf {

struct OwnRecord {
  std::string text;
  policy::SpfRecord terms;
  About about;
};
/// nullopt: open, unknown (reported), or left out: the domain has no record (spf.none), or several
/// (spf.several).
[[nodiscard]] std::optional<OwnRecord> own_record(const Subject& subject, Look& look, Report& report);
/// The tree below that record, under the same conditions. Records below may be unknown: see report_unknown().
[[nodiscard]] std::optional<policy::SpfSurvey> survey(const Subject& subject, Look& look, Report& report);
/// Every record below that the DNS could not give, as `unknown`.
void report_unknown(const policy::SpfSurvey& survey, Report& report);

/// As a line for a zone file, in strings of at most 255 octets.
[[nodiscard]] std::string as_record(const Subject& subject, std::string_view text);
/// `text` with `term` put in the place of `old`; empty: that term and a blank are taken out.
[[nodiscard]] std::string with_term(std::string_view text, policy::Span old, std::string_view term);

}  // namespace waybill::check::spf
