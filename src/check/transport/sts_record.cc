// A record that breaks the grammar, or a second one, is as good as none to every sender.
#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto record = sts_record_of(subject, look, report);
  if (!record) return;
  const std::string name = sts_name(subject).to_string();
  using State = policy::StsRecord::State;
  if (record->state == State::none) return report.skip(fmt::format("{} has no MTA-STS record", name));
  if (record->state == State::valid) return;
  report.error(
      {.subject = name,
       .got = record->state == State::several
                  ? fmt::format("{}: senders then behave as if there were none", record->why)
                  : fmt::format("the MTA-STS record is malformed: {}", record->why),
       .want = "exactly one record: v=STSv1 and an id of letters and digits",
       .fix = fmt::format("{}. TXT \"v=STSv1; id=1\"   (a new id at each change of the policy)", name),
       .about = About{sts_name(subject), dns::Type::txt, std::nullopt}});
}
}  // namespace

const Check sts_record{.id = "sts.record",
                       .number = 66,
                       .title = "There is one MTA-STS record, and it can be read",
                       .ref = "RFC 8461 3.1",
                       .run = run};

}  // namespace waybill::check::transport
