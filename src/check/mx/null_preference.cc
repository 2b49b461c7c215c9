// The null MX has one form, preference 0. Software that looks for just that form sees an MX host named "."
// else.
#include "check/mail_hosts.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_set(subject, look, report);
  if (!mx || mx->answer == nullptr) return;
  if (mx->nulls.empty()) return report.skip(fmt::format("{} has no null MX", subject.name.to_string()));
  for (const dns::Mx& null : mx->nulls) {
    if (null.preference == 0) continue;
    report.warning({.subject = mx->owner.to_string(),
                    .got = fmt::format("a null MX with preference {}", null.preference),
                    .want = "preference 0",
                    .fix = fmt::format("{}. MX 0 .", mx->owner.to_string()),
                    .about = mx->about(null)});
  }
}
}  // namespace

const Check null_preference{.id = "mx.null-preference",
                            .number = 5,
                            .title = "A null MX has preference 0",
                            .ref = "RFC 7505 3",
                            .run = run};

}  // namespace waybill::check::mx
