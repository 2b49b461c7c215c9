// Reports are the only way to see who sends in the domain's name, and whose mail a stricter policy would
// cost.
#include "check/dmarc/applied.h"
#include "check/dmarc/dmarc.h"

namespace waybill::check::dmarc {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto found = applied(subject, look, report);
  const auto silent = never_sends(subject, look);
  if (!found || !silent || !found->record.rua.empty()) return;
  if (*silent && found->policy == policy::DmarcPolicy::reject)
    return report.skip("the domain never sends and its policy is reject: reports would only tell of forgers");
  report.notice({.subject = subject.name.to_string(),
                 .got = fmt::format("no rua= that can be used{}: nobody hears who sends in the domain's name",
                                    whose(subject, *found)),
                 .want = "an address for aggregate reports",
                 .fix = with_tag(*found, "rua", fmt::format("mailto:dmarc@{}", found->at->to_string())),
                 .about = about(*found)});
}
}  // namespace

const Check no_reports{.id = "dmarc.no-reports",
                       .number = 58,
                       .title = "The DMARC record asks for reports",
                       .ref = "RFC 9989 4.7",
                       .run = run};

}  // namespace waybill::check::dmarc
