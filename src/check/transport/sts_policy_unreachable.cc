// The record promises a policy; where it can't be fetched or read, senders protect nothing.
#include "base/bytes.h"
#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
void run(const Subject& subject, Look& look, Report& report) {
  const PolicySaid* said = sts_fetched(subject, look, report);
  if (said == nullptr) return;
  const std::string url = fmt::format("https://mta-sts.{}/.well-known/mta-sts.txt", subject.name.to_string());
  if (said->unknown) return report.unknown(url, printable(said->why, 300));
  if (!said->why.empty()) {
    return report.error(
        {.subject = url,
         .got = fmt::format("the policy can't be fetched: {}", printable(said->why, 300)),
         .want = "a 200 over HTTPS, with a certificate that is valid for this host name, and no redirect",
         .fix = fmt::format("curl -v --max-redirs 0 {}   shows what senders see", url),
         .ref = "RFC 8461 3.3"});
  }
  const auto policy = policy::read_sts_policy(said->body);
  if (policy) return;
  report.error(
      {.subject = url,
       .got = fmt::format("the policy can't be read: {}", policy.error().what),
       .want = "the lines version, mode, mx and max_age",
       .fix =
           "version: STSv1 / mode: testing / mx: your MX host / max_age: 604800, each on a line of its own"});
}
}  // namespace

const Check sts_policy_unreachable{.id = "sts.policy-unreachable",
                                   .number = 67,
                                   .title = "The MTA-STS policy can be fetched and read",
                                   .ref = "RFC 8461 3.2",
                                   .needs = Needs::policy,
                                   .run = run};

}  // namespace waybill::check::transport
