// Senders know DANE, MTA-STS or both. Where the two don't say the same, some of them don't deliver.
#include "base/bytes.h"
#include "check/probes.h"
#include "check/transport/announced.h"
#include "check/transport/dane_hosts.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
/// The server's certificate satisfies one of the two alone.
void compare(const DaneOfHost& host, const Probed& probed, Report& report) {
  if (!probed.welcome() || probed.said->tls != ProbeSaid::Tls::done) return;  // tls.no-starttls
  const bool by_dane = matches(host, *probed.said);
  const bool by_sts = probed.said->chain_trusted && probed.said->name_matches;
  if (by_dane == by_sts) return;
  report.error(
      {.subject = probed.to_string(),
       .got = by_dane ? fmt::format(
                            "its certificate is right by DANE and wrong by MTA-STS, which is enforced: {}",
                            printable(probed.said->certificate_why, 300))
                      : "its certificate is right by MTA-STS, and matches none of its TLSA records",
       .want = "a certificate that is right by both",
       .fix = by_dane ? "a trusted certificate with the host's name, for the same key"
                      : "publish the TLSA record of the key in use (see dane.no-match)"});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto policy = sts_policy_of(subject, look, report);
  if (!policy) return;
  if (policy->mode != policy::StsPolicy::Mode::enforce) return report.skip("the policy is not enforced");
  const auto hosts = dane_hosts(subject, look, report);
  if (!hosts) return;
  std::optional<std::vector<Probed>> probed = std::vector<Probed>{};
  if (subject.probe) probed = probe_all(subject, look, report);
  if (!probed) return;
  bool any = false;
  for (const DaneOfHost& host : *hosts) {
    if (host.dane.status == policy::DaneHost::Status::failed) {
      report.unknown(host.host.to_string(), host.dane.why);
      any = true;
    }
    if (!host.usable()) continue;
    any = true;
    if (!policy->lists(host.host)) {
      const std::string name = host.host.to_string();
      report.error({.subject = name,
                    .got = "its TLSA records say to deliver to it, the MTA-STS policy not to",
                    .want = "a policy that lists every host that DANE protects",
                    .fix = fmt::format("mx: {}   in the policy, and a new id in the record", name)});
      continue;
    }
    for (const Probed& each : *probed) {
      if (each.host == host.host && host.dane.base == host.host) compare(host, each, report);
    }
  }
  if (!any) report.skip("no host has TLSA records that mail can use");
}
}  // namespace

const Check dane_contradicts_sts{.id = "dane.contradicts-sts",
                                 .number = 125,
                                 .title = "DANE and MTA-STS say the same",
                                 .ref = "RFC 8461 2",
                                 .needs = Needs::policy,
                                 .run = run};

}  // namespace waybill::check::transport
