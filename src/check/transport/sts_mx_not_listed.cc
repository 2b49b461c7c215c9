// In mode enforce a host that the policy does not list gets no mail from senders that know MTA-STS.
#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto policy = sts_policy_of(subject, look, report);
  if (!policy) return;
  if (policy->mode == policy::StsPolicy::Mode::none) return report.skip("the policy's mode is none");
  const auto hosts = receiving_hosts(subject, look, report);
  if (!hosts) return;
  const bool enforce = policy->mode == policy::StsPolicy::Mode::enforce;
  for (const MailHost& host : *hosts) {
    if (policy->lists(host.mx.exchange)) continue;
    const std::string name = host.mx.exchange.to_string();
    report.add(enforce ? Level::error : Level::warning,
               {.subject = name,
                .got = enforce ? "the policy does not list it: senders that know MTA-STS don't deliver to it"
                               : "the policy, still in testing, does not list it",
                .want = "every MX host of the domain",
                .fix = fmt::format("mx: {}   in the policy, and a new id in the record", name)});
  }
}
}  // namespace

const Check sts_mx_not_listed{.id = "sts.mx-not-listed",
                              .number = 71,
                              .title = "The MTA-STS policy lists every MX host",
                              .ref = "RFC 8461 4.1",
                              .needs = Needs::policy,
                              .run = run};

}  // namespace waybill::check::transport
