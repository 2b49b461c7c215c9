// A server without STARTTLS gets its mail in clear, or not at all from senders that insist on TLS.
#include "base/bytes.h"
#include "check/probes.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void judge(const Probed& probed, uint16_t port, Report& report) {
  if (!probed.welcome()) return report_no_session(probed, report);
  switch (probed.said->tls) {
    case ProbeSaid::Tls::done:
      return;
    case ProbeSaid::Tls::not_tried:  // the greeting did not get that far
      return report_no_session(probed, report);
    case ProbeSaid::Tls::not_offered:
      return report.error({.subject = probed.to_string(),
                           .got = "it does not offer STARTTLS: mail to it travels in clear",
                           .want = "STARTTLS among its EHLO keywords",
                           .fix = "give the server a certificate and a key, and turn TLS on"});
    case ProbeSaid::Tls::refused:
    case ProbeSaid::Tls::failed:
      return report.error(
          {.subject = probed.to_string(),
           .got = fmt::format("it offers STARTTLS, but: {}", printable(probed.said->why, 300)),
           .want = "a handshake of TLS 1.2 or 1.3 that comes to its end",
           .fix = fmt::format("openssl s_client -starttls smtp -connect {} -servername {}   "
                              "shows what senders see",
                              Endpoint{probed.ip, port}.to_string(), probed.host.to_string())});
  }
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto probed = probe_all(subject, look, report);
  if (!probed) return;
  for (const Probed& each : *probed) judge(each, subject.port, report);
}
}  // namespace

const Check tls_no_starttls{.id = "tls.no-starttls",
                            .number = 83,
                            .title = "Every host takes mail by TLS",
                            .ref = "RFC 3207 4",
                            .needs = Needs::probe,
                            .run = run};

}  // namespace waybill::check::transport
