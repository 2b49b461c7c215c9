// One MX host is no fault: senders keep mail and try again. But while it is away, all mail waits.
#include "check/mail_hosts.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_targets(subject, look, report);
  if (!mx || mx->targets.size() != 1) return;
  const dns::Mx& only = mx->targets.front();
  report.notice(
      {.subject = mx->owner.to_string(),
       .got = fmt::format("one MX host, {}: while it can't be reached, all mail waits at its senders",
                          only.exchange.to_string()),
       .want = "a second host, unless waiting is fine",
       .fix = fmt::format("{}. MX {} A-SECOND-HOST.", mx->owner.to_string(),
                          std::min(65535, only.preference + 10)),
       .about = mx->about(only)});
}
}  // namespace

const Check single{
    .id = "mx.single", .number = 13, .title = "The domain has more than one MX host", .ref = "", .run = run};

}  // namespace waybill::check::mx
