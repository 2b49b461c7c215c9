// Without MTA-STS (or DANE) whoever sits on the way can take TLS out of the conversation.
#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto record = sts_record_of(subject, look, report);
  if (!record || record->state != policy::StsRecord::State::none) return;  // sts.record judges the others
  if (!receiving_hosts(subject, look, report)) return;
  const std::string name = subject.name.to_string();
  report.notice(
      {.subject = name,
       .got = "no MTA-STS policy is announced: a sender can't tell whether TLS was taken away on the way",
       .want = "a TXT record at _mta-sts and a policy on the host mta-sts",
       .fix = fmt::format("_mta-sts.{0}. TXT \"v=STSv1; id=1\"   and the policy at "
                          "https://mta-sts.{0}/.well-known/mta-sts.txt",
                          name)});
}
}  // namespace

const Check sts_none{.id = "sts.none",
                     .number = 65,
                     .title = "The domain announces an MTA-STS policy",
                     .ref = "RFC 8461 3.1",
                     .run = run};

}  // namespace waybill::check::transport
