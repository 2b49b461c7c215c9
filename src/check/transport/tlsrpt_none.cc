// Without reports nobody tells the domain that its mail fails for want of TLS.
#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto record = tlsrpt_record_of(subject, look, report);
  if (!record || record->state != policy::TlsrptRecord::State::none) return;  // tlsrpt.syntax has the others
  if (!receiving_hosts(subject, look, report)) return;
  report.notice(
      {.subject = subject.name.to_string(),
       .got = "no reports on TLS are asked for: you don't hear of mail that fails on the way to you",
       .want = "a TXT record at _smtp._tls with an address for reports",
       .fix = fmt::format("{}. TXT \"v=TLSRPTv1; rua=mailto:tls-reports@{}\"",
                          tlsrpt_name(subject).to_string(), subject.name.to_string())});
}
}  // namespace

const Check tlsrpt_none{.id = "tlsrpt.none",
                        .number = 73,
                        .title = "The domain asks for reports on TLS",
                        .ref = "RFC 8460 3",
                        .run = run};

}  // namespace waybill::check::transport
