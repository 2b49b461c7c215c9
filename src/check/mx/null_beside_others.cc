// "We take no mail" beside "our mail goes there": each sender picks what it likes.
#include "check/mail_hosts.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_set(subject, look, report);
  if (!mx || mx->nulls.empty()) return;
  const dns::Mx& null = mx->nulls.front();
  if (!mx->targets.empty()) {
    return report.error(
        {.subject = mx->owner.to_string(),
         .got = fmt::format(
             "a null MX (\".\") stands beside {} MX host{}, first {}; some senders bounce, some deliver",
             mx->targets.size(), mx->targets.size() == 1 ? "" : "s",
             mx->targets.front().exchange.to_string()),
         .want = "either the null MX alone or the hosts alone",
         .fix = fmt::format("delete  {}", mx->line(null)),
         .about = mx->about(null)});
  }
  if (mx->nulls.size() < 2) return;
  // All of them null: no sender can read it otherwise, but it is not the form that the RFC gives.
  report.warning({.subject = mx->owner.to_string(),
                  .got = fmt::format("{} null MX records", mx->nulls.size()),
                  .want = "one, with preference 0",
                  .fix = fmt::format("keep only  {}. MX 0 .", mx->owner.to_string()),
                  .about = mx->about(mx->nulls.back())});
}
}  // namespace

const Check null_beside_others{.id = "mx.null-beside-others",
                               .number = 4,
                               .title = "A null MX stands alone",
                               .ref = "RFC 7505 3",
                               .run = run};

}  // namespace waybill::check::mx
