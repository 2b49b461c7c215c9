// A certificate that nobody vouches for protects from listeners only; MTA-STS in mode enforce does without
// it.
#include <algorithm>

#include "base/bytes.h"
#include "check/probes.h"
#include "check/transport/dane_hosts.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
/// DANE vouches for it already (RFC 7672 3.1.1: then neither name nor root matters).
bool vouched_by_dane(const std::vector<DaneOfHost>& hosts, const Probed& probed) {
  return std::ranges::any_of(hosts, [&](const DaneOfHost& host) {
    return host.host == probed.host && host.usable() && matches(host, *probed.said);
  });
}

std::string fix_of(const ProbeSaid& said, const std::string& host) {
  if (said.chain_trusted) return fmt::format("a certificate with the name {}", host);
  // One certificate alone, and its issuer is not known here: most likely those between were not sent.
  if (said.chain.size() == 1 && said.certificate_why.find("local issuer") != std::string::npos)
    return "have the server send the intermediate certificates, too (the CA's \"full chain\" file)";
  return fmt::format("a certificate for {} of a public CA, in date, with its intermediate certificates",
                     host);
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto hosts = dane_hosts(subject, look, report);
  if (!hosts) return;
  const auto probed = probe_all(subject, look, report);
  if (!probed) return;
  bool any = probed->empty();
  for (const Probed& each : *probed) {
    if (!each.welcome()) {
      report_no_session(each, report);
      any = true;
    }
    if (each.said->tls != ProbeSaid::Tls::done) continue;
    any = true;
    if (each.said->chain_trusted && each.said->name_matches) continue;
    if (vouched_by_dane(*hosts, each)) continue;
    report.warning({.subject = each.to_string(),
                    .got = fmt::format("its certificate is {}: {}",
                                       each.said->chain_trusted ? "for other names" : "not trusted",
                                       printable(each.said->certificate_why, 300)),
                    .want = fmt::format("a trusted certificate for {}", each.host.to_string()),
                    .fix = fix_of(*each.said, each.host.to_string())});
  }
  if (!any) report.skip("no host does TLS");
}
}  // namespace

const Check tls_certificate{.id = "tls.certificate",
                            .number = 84,
                            .title = "Every host shows a trusted certificate with its name",
                            .ref = "RFC 9525 6",
                            .needs = Needs::probe,
                            .run = run};

}  // namespace waybill::check::transport
