// Whoever is included may add a lookup any day; near ten that breaks the domain's own mail.
#include "base/bytes.h"
#include "check/spf/lookups.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  const auto tree = survey(subject, look, report);
  if (!tree) return;
  if (has_loop(*tree)) return report.skip("the record includes itself, which spf.include-loop reports");
  if (tree->lookups() > kLookupsMax)
    return report.skip("it needs more than 10, which spf.too-many-lookups reports");
  if (tree->lookups() >= kLookupsMany) {
    const auto& most = tree->costs.front();
    report.notice({.subject = subject.name.to_string(),
                   .got = fmt::format("{}{} of 10 lookups are used: {}", tree->at_least() ? "at least " : "",
                                      tree->lookups(), who_needs(*tree)),
                   .want = "room for the day when an include grows",
                   .fix = fmt::format(
                       "begin with '{}', which takes {}: is it needed still, and would its addresses do?",
                       printable(most.term, 80), most.lookups),
                   .about = own->about});
  }
  report_unknown(*tree, report);
}
}  // namespace

const Check nearly_too_many_lookups{.id = "spf.nearly-too-many-lookups",
                                    .number = 127,
                                    .title = "The SPF record leaves room below its 10 lookups",
                                    .ref = "RFC 7208 4.6.4",
                                    .run = run};

}  // namespace waybill::check::spf
