// Conformance 21 and 26-28: the order of attempts, its fairness and its bounds.
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <numeric>

#include "route/shuffle.h"
#include "support/mail_world.h"

namespace waybill::route {
namespace {
using namespace test;
using testing::ElementsAre;

void add_four_equals(MailWorld& world) {
  world.mx("example.org", {{10, "a.example"}, {10, "b.example"}, {10, "c.example"}, {10, "d.example"}})
      .host("a.example", {"192.0.2.1"})
      .host("b.example", {"192.0.2.2"})
      .host("c.example", {"192.0.2.3"})
      .host("d.example", {"192.0.2.4"});
}

TEST(Rfc, rfc_021_four_equals_share_first_place) {
  MailWorld world;
  add_four_equals(world);
  std::map<std::string, int> first;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const Plan plan = world.plan({.domain = domain("example.org"), .seed = seed});
    ASSERT_EQ(plan.attempts.size(), 4U);
    ++first[plan.attempts[0].host];
    EXPECT_DOUBLE_EQ(plan.attempts[0].first_share, 0.25);
  }
  ASSERT_EQ(first.size(), 4U);
  double chi_squared = 0;
  for (const auto& [host, count] : first) chi_squared += (count - 250.0) * (count - 250.0) / 250.0;
  EXPECT_LT(chi_squared, 16.27)
      << "3 degrees of freedom, p = 0.001; the seeds are fixed, so this never flickers";
}

TEST(Rfc, rfc_021_every_order_is_equally_likely) {
  std::map<std::vector<int>, int> orders;
  constexpr int kRuns = 24'000;
  for (int seed = 0; seed < kRuns; ++seed) {
    Random random(static_cast<uint64_t>(seed));
    std::vector<int> items{0, 1, 2, 3};
    shuffle(items, random);
    ++orders[items];
  }
  ASSERT_EQ(orders.size(), 24U);
  double chi_squared = 0;
  for (const auto& [order, count] : orders) chi_squared += std::pow(count - kRuns / 24.0, 2) / (kRuns / 24.0);
  EXPECT_LT(chi_squared, 49.73) << "23 degrees of freedom, p = 0.001";
}

TEST(Rfc, rfc_021_the_same_seed_gives_the_same_order_whatever_the_answers_order) {
  MailWorld one;
  add_four_equals(one);
  MailWorld other;
  other.mx("example.org", {{10, "d.example"}, {10, "b.example"}, {10, "a.example"}, {10, "c.example"}})
      .host("a.example", {"192.0.2.1"})
      .host("b.example", {"192.0.2.2"})
      .host("c.example", {"192.0.2.3"})
      .host("d.example", {"192.0.2.4"});
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Request request{.domain = domain("example.org"), .seed = seed};
    EXPECT_EQ(hosts_of(one.plan(request)), hosts_of(other.plan(request)));
  }
}

TEST(Rfc, rfc_026_the_next_host_stands_in_the_same_attempt) {
  MailWorld world;
  add_four_equals(world);
  // However small the allowance is set, at least two addresses are tried (RFC 5321 5.1).
  const Plan plan =
      world.plan({.domain = domain("example.org"), .options = {.addresses_per_preference_max = 0}});
  EXPECT_EQ(plan.attempts.size(), 2U);
}

TEST(Rfc, rfc_027_a_crowded_preference_never_hides_the_next) {
  MailWorld world;
  for (int i = 1; i <= 6; ++i) {
    world.mx("example.org", {{1, fmt::format("m{}.example", i)}});
    world.host(fmt::format("m{}.example", i), {fmt::format("192.0.2.{}", i), fmt::format("2001:db8::{}", i)});
  }
  world.mx("example.org", {{3, "last.example"}}).host("last.example", {"192.0.2.30"});
  const Plan plan = world.plan("example.org");
  ASSERT_EQ(plan.attempts.size(), 6U);
  EXPECT_EQ(plan.attempts.back().host, "last.example");
  EXPECT_EQ(plan.attempts.back().preference, 3);
  EXPECT_TRUE(has_rule(plan, "tier.capped"));
  int v4 = 0;
  for (const auto& attempt : plan.attempts) v4 += attempt.preference == 1 && attempt.ip.is_v4() ? 1 : 0;
  EXPECT_EQ(v4, 2) << "a family that is broken here must not use up the allowance";
}

TEST(Rfc, rfc_027_every_host_gets_its_first_address_before_any_its_second) {
  MailWorld world;
  world.mx("example.org", {{1, "big.example"}, {1, "small.example"}}).host("small.example", {"192.0.2.100"});
  for (int i = 1; i <= 20; ++i) world.host("big.example", {fmt::format("192.0.2.{}", i)});
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Plan plan = world.plan({.domain = domain("example.org"), .seed = seed});
    EXPECT_THAT(ips_of(plan), testing::Contains("192.0.2.100"));
    EXPECT_EQ(plan.attempts.size(), 5U);
  }
}

TEST(Rfc, rfc_028_one_address_behind_two_targets_is_tried_once) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example"}, {20, "b.example"}, {30, "c.example"}})
      .host("a.example", {"192.0.2.1"})
      .host("b.example", {"192.0.2.1"})
      .host("c.example", {"192.0.2.1", "192.0.2.3"});
  const Plan plan = world.plan("example.org");
  EXPECT_THAT(ips_of(plan), ElementsAre("192.0.2.1", "192.0.2.3"));
  EXPECT_EQ(find_host(plan, "b.example")->status, HostStatus::already_listed);
  EXPECT_EQ(find_host(plan, "c.example")->status, HostStatus::ok);
}

TEST(Rfc, rfc_028_shared_address_of_equals_carries_both_shares) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example"}, {10, "b.example"}})
      .host("a.example", {"192.0.2.1"})
      .host("b.example", {"192.0.2.1"});
  const Plan plan = world.plan("example.org");
  ASSERT_EQ(plan.attempts.size(), 1U);
  EXPECT_DOUBLE_EQ(plan.attempts[0].first_share, 1.0);
}

TEST(Attempts, shares_tell_how_often_an_address_comes_first) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example"}, {10, "b.example"}, {10, "gone.example"}})
      .host("a.example", {"192.0.2.1", "192.0.2.2"})
      .host("b.example", {"192.0.2.3", "2001:db8::3"});
  std::map<std::string, double> promised;
  std::map<std::string, int> counted;
  constexpr int kRuns = 4000;
  for (uint64_t seed = 0; seed < kRuns; ++seed) {
    const Plan plan = world.plan({.domain = domain("example.org"), .seed = seed});
    for (const auto& attempt : plan.attempts) promised[attempt.ip.to_string()] = attempt.first_share;
    ++counted[plan.attempts[0].ip.to_string()];
  }
  EXPECT_DOUBLE_EQ(promised["192.0.2.1"], 0.25);
  EXPECT_DOUBLE_EQ(promised["2001:db8::3"], 0.5);
  EXPECT_DOUBLE_EQ(promised["192.0.2.3"], 0.0);
  for (const auto& [address, share] : promised)
    EXPECT_NEAR(counted[address] / double{kRuns}, share, 0.03) << address;
}

TEST(Attempts, site_key_names_the_set_of_hosts_and_nothing_else) {
  MailWorld world;
  world.mx("one.example", {{10, "b.example"}, {10, "a.example"}, {20, "c.example"}})
      .mx("two.example", {{1, "a.example"}, {1, "b.example"}, {7, "c.example"}})
      .mx("three.example", {{1, "a.example"}, {2, "b.example"}, {7, "c.example"}})
      .host("a.example", {"192.0.2.1"})
      .host("b.example", {"192.0.2.2"})
      .host("c.example", {"192.0.2.3"});
  const Plan one = world.plan({.domain = domain("one.example"), .seed = 1});
  EXPECT_EQ(one.site_key, "a.example,b.example;c.example:25");
  EXPECT_EQ(world.plan({.domain = domain("two.example"), .seed = 2}).site_key, one.site_key);
  EXPECT_NE(world.plan("three.example").site_key, one.site_key);
  EXPECT_NE(world.plan({.domain = domain("one.example"), .options = {.port = 2525}}).site_key, one.site_key);
  world.fails("c.example", dns::Type::a);
  EXPECT_EQ(world.plan("one.example").site_key, one.site_key) << "a passing failure does not move a site";
}
}  // namespace
}  // namespace waybill::route
