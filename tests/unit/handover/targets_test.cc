// What the planner decided, as delivery gets it.
#include "handover/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace waybill::handover {
namespace {
using testing::ElementsAre;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

route::Plan plan_to(std::vector<route::Attempt> attempts) {
  route::Plan plan;
  plan.decision = route::Verdict::deliver;
  plan.site_key = "mx.example:25";
  plan.attempts = std::move(attempts);
  return plan;
}

TEST(LimitRate, a_limit_makes_a_site_of_its_own) {
  deliver::Targets targets =
      to_targets(plan_to({{"a.example", ip("192.0.2.1"), 25, 10}}), deliver::TlsPolicy::opportunistic);
  limit_rate(targets, 0);
  EXPECT_EQ(targets.site_key, "mx.example:25");
  EXPECT_EQ(targets.rate_max, 0);
  deliver::Targets other = targets;
  limit_rate(targets, 2.5);
  limit_rate(other, 20);
  EXPECT_EQ(targets.rate_max, 2.5);
  EXPECT_NE(targets.site_key, "mx.example:25");
  EXPECT_NE(targets.site_key, other.site_key);
}

TEST(ToTargets, attempts_become_tiers_of_hosts_in_their_order) {
  const deliver::Targets targets = to_targets(plan_to({{"a.example", ip("2001:db8::1"), 25, 10},
                                                       {"b.example", ip("192.0.2.2"), 25, 10},
                                                       {"a.example", ip("192.0.2.1"), 25, 10},
                                                       {"c.example", ip("192.0.2.3"), 587, 20}}),
                                              deliver::TlsPolicy::never);
  EXPECT_EQ(targets.decision, deliver::TargetsDecision::deliver);
  EXPECT_EQ(targets.site_key, "mx.example:25");
  EXPECT_EQ(targets.tls, deliver::TlsPolicy::never);
  ASSERT_EQ(targets.tiers.size(), 2U);
  ASSERT_EQ(targets.tiers[0].size(), 2U);
  EXPECT_EQ(targets.tiers[0][0].host, "a.example");
  EXPECT_THAT(targets.tiers[0][0].addresses, ElementsAre(ip("2001:db8::1"), ip("192.0.2.1")));
  EXPECT_EQ(targets.tiers[0][1].host, "b.example");
  ASSERT_EQ(targets.tiers[1].size(), 1U);
  EXPECT_EQ(targets.tiers[1][0].preference, 20);
  EXPECT_EQ(targets.tiers[1][0].port, 587);
}

TEST(ToTargets, one_host_on_two_ports_is_two_and_a_literal_names_itself) {
  const deliver::Targets targets = to_targets(plan_to({{"a.example", ip("192.0.2.1"), 25, 0},
                                                       {"a.example", ip("192.0.2.1"), 26, 0},
                                                       {"", ip("192.0.2.9"), 25, 0}}),
                                              deliver::TlsPolicy::opportunistic);
  ASSERT_EQ(targets.tiers.size(), 1U);
  ASSERT_EQ(targets.tiers[0].size(), 3U);
  EXPECT_EQ(targets.tiers[0][1].port, 26);
  EXPECT_EQ(targets.tiers[0][2].host, "[192.0.2.9]");
}

TEST(ToTargets, a_plan_that_does_not_deliver_keeps_its_reply) {
  route::Plan plan;
  plan.decision = route::Verdict::bounce;
  plan.code = 556;
  plan.enhanced = {5, 1, 10};
  plan.reason = "null MX";
  plan.site_key = "x";
  const deliver::Targets bounced = to_targets(plan, deliver::TlsPolicy::opportunistic);
  EXPECT_EQ(bounced.decision, deliver::TargetsDecision::bounce);
  EXPECT_EQ(bounced.reply.to_string(), "556 5.1.10 null MX");
  EXPECT_EQ(bounced.site_key, "x");
  EXPECT_TRUE(bounced.tiers.empty());
  plan.decision = route::Verdict::defer;
  EXPECT_EQ(to_targets(plan, deliver::TlsPolicy::opportunistic).decision, deliver::TargetsDecision::defer);
}

TEST(Deal, shares_equals_and_keeps_preferences_apart) {
  const auto targets =
      std::make_shared<const deliver::Targets>(to_targets(plan_to({{"a.example", ip("192.0.2.1"), 25, 10},
                                                                   {"b.example", ip("192.0.2.2"), 25, 10},
                                                                   {"c.example", ip("192.0.2.3"), 25, 20}}),
                                                          deliver::TlsPolicy::opportunistic));
  route::Random random(1);
  std::map<std::string, int> first;
  for (int n = 0; n < 1000; ++n) {
    const deliver::TargetsPtr dealt = deal(targets, random);
    ASSERT_EQ(dealt->tiers.size(), 2U);
    ASSERT_EQ(dealt->tiers[0].size(), 2U);
    ++first[dealt->tiers[0].front().host];
    EXPECT_EQ(dealt->tiers[1].front().host, "c.example");
  }
  EXPECT_EQ(first["a.example"] + first["b.example"], 1000);
  EXPECT_GT(first["a.example"], 400);  // 500 ± 6 standard deviations; the seed is fixed
  EXPECT_LT(first["a.example"], 600);
  EXPECT_EQ(targets->tiers[0].front().host, "a.example") << "what is kept stays as it was";
}

TEST(Deal, without_equals_nothing_is_copied) {
  const auto targets = std::make_shared<const deliver::Targets>(
      to_targets(plan_to({{"a.example", ip("192.0.2.1"), 25, 10}}), deliver::TlsPolicy::opportunistic));
  route::Random random(1);
  EXPECT_EQ(deal(targets, random), targets);
}

}  // namespace
}  // namespace waybill::handover
