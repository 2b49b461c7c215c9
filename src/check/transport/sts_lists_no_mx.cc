// A name in the policy that is no MX is a slip, or was left there: whoever gets it could receive the mail.
#include <algorithm>

#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const auto policy = sts_policy_of(subject, look, report);
  if (!policy) return;
  if (policy->mx.empty()) return report.skip("the policy lists no host");
  const auto hosts = receiving_hosts(subject, look, report);
  if (!hosts) return;
  for (const std::string& pattern : policy->mx) {
    const bool used = std::ranges::any_of(
        *hosts, [&](const MailHost& host) { return policy::sts_mx_matches(pattern, host.mx.exchange); });
    if (used) continue;
    report.warning(
        {.subject = pattern,
         .got = "the policy lists it, and it is no MX of the domain",
         .want = "hosts that are MX now, or will be soon",
         .fix = fmt::format("take   mx: {}   out of the policy, and set a new id in the record", pattern)});
  }
}
}  // namespace

const Check sts_lists_no_mx{.id = "sts.lists-no-mx",
                            .number = 72,
                            .title = "The MTA-STS policy lists nothing but MX hosts",
                            .ref = "RFC 8461 4.1",
                            .needs = Needs::policy,
                            .run = run};

}  // namespace waybill::check::transport
