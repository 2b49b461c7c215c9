// A record that breaks the grammar, or a second one, brings no reports.
#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto record = tlsrpt_record_of(subject, look, report);
  if (!record) return;
  const std::string name = tlsrpt_name(subject).to_string();
  using State = policy::TlsrptRecord::State;
  if (record->state == State::none) return report.skip(fmt::format("{} has no TLSRPT record", name));
  if (record->state == State::valid) return;
  report.error({.subject = name,
                .got = record->state == State::several
                           ? fmt::format("{}: senders then behave as if there were none", record->why)
                           : fmt::format("the TLSRPT record is malformed: {}", record->why),
                .want = "exactly one record: v=TLSRPTv1 and rua with mailto: or https: addresses",
                .fix = fmt::format("{}. TXT \"v=TLSRPTv1; rua=mailto:tls-reports@{}\"", name,
                                   subject.name.to_string()),
                .about = About{tlsrpt_name(subject), dns::Type::txt, std::nullopt}});
}
}  // namespace

const Check tlsrpt_syntax{.id = "tlsrpt.syntax",
                          .number = 74,
                          .title = "There is one TLSRPT record, and it can be read",
                          .ref = "RFC 8460 3",
                          .run = run};

}  // namespace waybill::check::transport
