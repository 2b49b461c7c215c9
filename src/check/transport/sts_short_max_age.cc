// A policy protects only while senders remember it: an attacker need but wait until they have forgotten.
#include "check/transport/announced.h"
#include "check/transport/transport.h"

namespace waybill::check::transport {
namespace {
constexpr uint32_t kDay_s = 86'400;

void run(const Subject& subject, Look& look, Report& report) {
  const auto policy = sts_policy_of(subject, look, report);
  if (!policy) return;
  if (policy->mode == policy::StsPolicy::Mode::none) return report.skip("the policy's mode is none");
  if (policy->max_age_s > kDay_s) return;
  report.warning({.subject = subject.name.to_string(),
                  .got = fmt::format("the policy's max_age is {} seconds: senders forget it within a day",
                                     policy->max_age_s),
                  .want = "weeks, so that it outlives a day without a fetch",
                  .fix = "max_age: 604800   in the policy, and a new id in the record"});
}
}  // namespace

const Check sts_short_max_age{.id = "sts.short-max-age",
                              .number = 70,
                              .title = "The MTA-STS policy holds for more than a day",
                              .ref = "RFC 8461 3.2",
                              .needs = Needs::policy,
                              .run = run};

}  // namespace waybill::check::transport
