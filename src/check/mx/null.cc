// A null MX is legal and final: every sender bounces mail for the domain at once. Worth knowing if it was not
// meant.
#include "check/mail_hosts.h"
#include "check/mx/mx.h"

namespace waybill::check::mx {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_set(subject, look, report);
  if (!mx || mx->nulls.empty() || !mx->targets.empty()) return;
  report.notice(
      {.subject = mx->owner.to_string(),
       .got = "its MX is \".\": the domain says that it takes no mail, and senders bounce it at once",
       .want = "nothing, if that is meant; else MX records that name its mail servers",
       .fix = fmt::format("replace  {}  by an MX that names the mail server, if it is to take mail",
                          mx->line(mx->nulls.front())),
       .about = mx->about(mx->nulls.front())});
}
}  // namespace

const Check null{
    .id = "mx.null", .number = 3, .title = "The domain takes mail", .ref = "RFC 7505 3", .run = run};

}  // namespace waybill::check::mx
