// Conformance 1-20: which hosts take a domain's mail, and when nobody does (RFC 5321 5.1, RFC 7505).
#include <gmock/gmock.h>

#include "support/mail_world.h"

namespace waybill::route {
namespace {
using namespace test;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

void expect_bounce(const Plan& plan, Why why, std::string_view enhanced) {
  EXPECT_EQ(plan.decision, Verdict::bounce) << plan.reason;
  EXPECT_EQ(plan.why, why) << to_string(plan.why);
  EXPECT_EQ(plan.enhanced.to_string(), enhanced);
  EXPECT_GE(plan.code, 500);
  EXPECT_TRUE(plan.attempts.empty());
  EXPECT_FALSE(plan.reason.empty());
  EXPECT_FALSE(plan.steps.empty());
  EXPECT_EQ(plan.outcome().fate, mail::Fate::rejected);
}
void expect_defer(const Plan& plan, Why why, std::string_view enhanced) {
  EXPECT_EQ(plan.decision, Verdict::defer) << plan.reason;
  EXPECT_EQ(plan.why, why) << to_string(plan.why);
  EXPECT_EQ(plan.enhanced.to_string(), enhanced);
  EXPECT_EQ(plan.code, 451);
  EXPECT_TRUE(plan.attempts.empty());
  EXPECT_FALSE(plan.reason.empty());
  EXPECT_EQ(plan.outcome().fate, mail::Fate::deferred);
}

TEST(Rfc, rfc_001_mx_by_ascending_preference_never_the_domains_own_address) {
  MailWorld world;
  world.mx("example.org", {{30, "c.example.org"}, {10, "a.example.org"}, {20, "b.example.org"}})
      .host("example.org", {"192.0.2.99", "2001:db8::99"})
      .host("a.example.org", {"192.0.2.1"})
      .host("b.example.org", {"192.0.2.2"})
      .host("c.example.org", {"192.0.2.3"});
  const Plan plan = world.plan("example.org");
  EXPECT_EQ(plan.decision, Verdict::deliver);
  EXPECT_EQ(plan.source, HostSource::mx);
  EXPECT_THAT(hosts_of(plan), ElementsAre("a.example.org", "b.example.org", "c.example.org"));
  EXPECT_THAT(ips_of(plan), ElementsAre("192.0.2.1", "192.0.2.2", "192.0.2.3"));
  EXPECT_FALSE(world.was_asked("example.org", dns::Type::a));
  EXPECT_FALSE(world.was_asked("example.org", dns::Type::aaaa));
  EXPECT_EQ(plan.attempts[0].first_share, 1.0);
  EXPECT_EQ(plan.attempts[1].first_share, 0.0);
}

TEST(Rfc, rfc_002_no_mx_but_an_address_is_the_implicit_mx) {
  MailWorld world;
  world.host("example.org", {"192.0.2.1"});
  const Plan plan = world.plan("example.org");
  EXPECT_EQ(plan.source, HostSource::implicit);
  ASSERT_EQ(plan.attempts.size(), 1U);
  EXPECT_EQ(plan.attempts[0].host, "example.org");
  EXPECT_EQ(plan.attempts[0].preference, 0);
  EXPECT_EQ(plan.attempts[0].port, 25);
}

TEST(Rfc, rfc_003_only_aaaa_is_an_implicit_mx_too) {
  MailWorld world;
  world.host("example.org", {"2001:db8::1"});
  const Plan plan = world.plan("example.org");
  EXPECT_EQ(plan.source, HostSource::implicit);
  EXPECT_THAT(ips_of(plan), ElementsAre("2001:db8::1"));
}

TEST(Rfc, rfc_004_nxdomain_bounces_without_an_address_query) {
  MailWorld world;
  expect_bounce(world.plan("nowhere.example"), Why::no_domain, "5.1.2");
  EXPECT_EQ(world.asked().size(), 1U);
}

TEST(Rfc, rfc_005_failed_mx_lookup_defers_without_fallback) {
  MailWorld world;
  world.host("example.org", {"192.0.2.1"}).fails("example.org", dns::Type::mx);
  expect_defer(world.plan("example.org"), Why::temp_failure, "4.4.3");
  EXPECT_EQ(world.asked().size(), 1U);
}

TEST(Rfc, rfc_005_bogus_mx_answer_defers_and_says_so) {
  MailWorld world;
  world.host("example.org", {"192.0.2.1"}).forged("example.org", dns::Type::mx);
  const Plan plan = world.plan("example.org");
  expect_defer(plan, Why::bogus, "4.4.3");
  EXPECT_NE(plan.reason.find("signature expired"), std::string::npos);
  EXPECT_EQ(plan.ttl_s, 0U);
}

TEST(Rfc, rfc_006_no_mx_and_no_address_bounces) {
  MailWorld world;
  world.exists("example.org");
  expect_bounce(world.plan("example.org"), Why::no_mail, "5.4.4");
}

TEST(Rfc, rfc_007_no_mx_no_a_and_failed_aaaa_defers) {
  MailWorld world;
  world.exists("example.org").fails("example.org", dns::Type::aaaa);
  expect_defer(world.plan("example.org"), Why::temp_failure, "4.4.3");
}

TEST(Rfc, rfc_007_an_address_in_hand_outweighs_a_failed_other_family) {
  MailWorld world;
  world.host("example.org", {"192.0.2.1"}).fails("example.org", dns::Type::aaaa);
  const Plan plan = world.plan("example.org");
  EXPECT_EQ(plan.decision, Verdict::deliver);
  EXPECT_LE(plan.ttl_s, 60U) << "what failed may come back soon";
}

TEST(Rfc, rfc_008_null_mx_bounces_at_once) {
  MailWorld world;
  world.mx("example.org", {{0, "."}}).host("example.org", {"192.0.2.1"});
  const Plan plan = world.plan("example.org");
  expect_bounce(plan, Why::null_mx, "5.1.10");
  EXPECT_EQ(plan.code, 556);
  EXPECT_EQ(plan.source, HostSource::null);
  EXPECT_EQ(world.asked().size(), 1U) << "no address lookup";
  EXPECT_FALSE(has_rule(plan, "mx.null-odd"));
}

TEST(Rfc, rfc_009_null_mx_beside_a_real_one_is_skipped) {
  MailWorld world;
  world.mx("example.org", {{0, "."}, {10, "mx1.example.org"}}).host("mx1.example.org", {"192.0.2.1"});
  const Plan plan = world.plan("example.org");
  EXPECT_THAT(hosts_of(plan), ElementsAre("mx1.example.org"));
  EXPECT_TRUE(has_rule(plan, "mx.null-mixed"));
}

TEST(Rfc, rfc_010_null_mx_with_another_preference_is_null_with_a_warning) {
  MailWorld world;
  world.mx("example.org", {{10, "."}}).host("example.org", {"192.0.2.1"});
  const Plan plan = world.plan("example.org");
  expect_bounce(plan, Why::null_mx, "5.1.10");
  EXPECT_TRUE(has_rule(plan, "mx.null-odd"));
}

TEST(Rfc, rfc_012_all_targets_nxdomain_bounces_without_fallback) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example.org"}, {20, "b.example.org"}}).host("example.org", {"192.0.2.1"});
  const Plan plan = world.plan("example.org");
  expect_bounce(plan, Why::no_mail, "5.4.4");
  EXPECT_FALSE(world.was_asked("example.org", dns::Type::a));
  EXPECT_EQ(find_host(plan, "a.example.org")->status, HostStatus::no_address);
}

TEST(Rfc, rfc_013_one_target_failing_among_absent_ones_defers) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example.org"}, {20, "b.example.org"}})
      .fails("b.example.org", dns::Type::a);
  const Plan plan = world.plan("example.org");
  expect_defer(plan, Why::temp_failure, "4.4.3");
  EXPECT_EQ(find_host(plan, "b.example.org")->status, HostStatus::temp_failure);
}

TEST(Rfc, rfc_013_bogus_targets_alone_are_reported_as_bogus) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example.org"}})
      .forged("a.example.org", dns::Type::a)
      .forged("a.example.org", dns::Type::aaaa);
  expect_defer(world.plan("example.org"), Why::bogus, "4.4.3");
}

TEST(Rfc, rfc_014_an_address_as_target_is_a_name_and_never_connected_to) {
  MailWorld world;
  world.mx("example.org", {{5, "192.0.2.1."}, {10, "mx.example.org"}}).host("mx.example.org", {"192.0.2.7"});
  const Plan plan = world.plan("example.org");
  EXPECT_TRUE(world.was_asked("192.0.2.1", dns::Type::a));
  EXPECT_THAT(ips_of(plan), ElementsAre("192.0.2.7"));
}

TEST(Rfc, rfc_015_target_alias_is_followed_and_noted) {
  MailWorld world;
  world.mx("example.org", {{5, "mail.example.org"}})
      .alias("mail.example.org", "real.example.net")
      .host("real.example.net", {"192.0.2.7"});
  const Plan plan = world.plan("example.org");
  EXPECT_THAT(ips_of(plan), ElementsAre("192.0.2.7"));
  EXPECT_THAT(hosts_of(plan), ElementsAre("mail.example.org"));
  EXPECT_TRUE(has_rule(plan, "host.alias"));
  EXPECT_EQ(find_host(plan, "mail.example.org")->canonical, name("real.example.net"));
}

TEST(Rfc, rfc_016_domain_alias_uses_the_canonical_names_mx) {
  MailWorld world;
  world.alias("www.example.org", "example.net")
      .mx("example.net", {{5, "mx.example.net"}})
      .host("mx.example.net", {"192.0.2.7"});
  const Plan plan = world.plan("www.example.org");
  EXPECT_THAT(hosts_of(plan), ElementsAre("mx.example.net"));
  EXPECT_TRUE(has_rule(plan, "mx.alias"));
}

TEST(Rfc, rfc_016_domain_alias_without_mx_uses_the_canonical_names_address) {
  MailWorld world;
  world.alias("www.example.org", "example.net").host("example.net", {"192.0.2.7"});
  const Plan plan = world.plan("www.example.org");
  EXPECT_EQ(plan.source, HostSource::implicit);
  EXPECT_THAT(hosts_of(plan), ElementsAre("example.net"));
}

TEST(Rfc, rfc_017_alias_loop_bounces) {
  MailWorld world;
  world.alias("a.example", "b.example").alias("b.example", "a.example");
  expect_bounce(world.plan("a.example"), Why::alias_loop, "5.4.4");
}

TEST(Rfc, rfc_017_alias_loop_of_a_target_is_an_invalid_host) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example"}})
      .alias("a.example", "b.example")
      .alias("b.example", "a.example");
  const Plan plan = world.plan("example.org");
  expect_bounce(plan, Why::no_mail, "5.4.4");
  EXPECT_EQ(find_host(plan, "a.example")->status, HostStatus::invalid);
}

TEST(Rfc, rfc_018_alias_to_nowhere_bounces) {
  MailWorld world;
  world.alias("a.example", "gone.example");
  expect_bounce(world.plan("a.example"), Why::no_domain, "5.1.2");
}

TEST(Rfc, rfc_019_both_families_and_all_addresses) {
  MailWorld world;
  world.mx("example.org", {{10, "mx.example.org"}})
      .host("mx.example.org", {"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"});
  EXPECT_THAT(ips_of(world.plan("example.org")),
              UnorderedElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"));
}

TEST(Rfc, rfc_020_families_alternate_within_a_host) {
  MailWorld world;
  world.mx("example.org", {{10, "mx.example.org"}})
      .host("mx.example.org", {"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"});
  const Plan plan = world.plan("example.org");
  ASSERT_EQ(plan.attempts.size(), 4U);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(plan.attempts[i].ip.is_v6(), i % 2 == 0) << i;
}

TEST(Planner, exchange_that_is_no_host_name_is_never_looked_up) {
  MailWorld world;
  world.mx("example.org", {{10, "evil\\010host.example.org"}, {20, "mx.example.org"}})
      .host("mx.example.org", {"192.0.2.7"});
  const Plan plan = world.plan("example.org");
  EXPECT_EQ(plan.tiers[0].hosts[0].status, HostStatus::invalid);
  EXPECT_THAT(hosts_of(plan), ElementsAre("mx.example.org"));
  EXPECT_EQ(world.asked_of_type(dns::Type::a), 1U);
}

TEST(Planner, present_answer_without_mx_records_is_a_failure_not_an_absence) {
  MailWorld world;
  world.answer("example.org", dns::Type::mx, {.kind = dns::Kind::present, .ttl_s = 60});
  expect_defer(world.plan("example.org"), Why::temp_failure, "4.4.3");
}

TEST(Planner, one_host_at_two_preferences_counts_at_the_better) {
  MailWorld world;
  world.mx("example.org", {{20, "mx.example.org"}, {10, "mx.example.org"}})
      .host("mx.example.org", {"192.0.2.7"});
  const Plan plan = world.plan("example.org");
  ASSERT_EQ(plan.tiers.size(), 1U);
  EXPECT_EQ(plan.tiers[0].preference, 10);
}

TEST(Planner, reserved_targets_are_refused_unless_a_lab_allows_them) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example.org"}, {20, "b.example.org"}})
      .host("a.example.org", {"127.0.0.1", "0.0.0.0", "::1", "fe80::1", "224.0.0.1"})
      .host("b.example.org", {"::"});
  expect_bounce(world.plan("example.org"), Why::reserved_only, "5.4.4");
  const Plan lab = world.plan({.domain = domain("example.org"), .options = {.reserved = Reserved::allow}});
  EXPECT_EQ(lab.decision, Verdict::deliver);
  EXPECT_EQ(lab.attempts.size(), 6U);
}

TEST(Planner, private_networks_are_not_reserved) {
  MailWorld world;
  world.host("corp.example", {"10.0.0.1", "fd00::1"});
  EXPECT_EQ(world.plan("corp.example").attempts.size(), 2U);
}

TEST(Planner, a_family_that_is_off_defers_and_never_bounces) {
  MailWorld world;
  world.host("v6.example", {"2001:db8::1"});
  expect_defer(world.plan({.domain = domain("v6.example"), .options = {.families = Families::v4_only}}),
               Why::family_off, "4.4.4");
}

TEST(Planner, hosts_beyond_the_limit_are_not_looked_up_and_never_lead_to_a_bounce) {
  MailWorld world;
  std::vector<std::pair<uint16_t, std::string>> hosts;
  for (uint16_t i = 0; i < 500; ++i) hosts.emplace_back(i, fmt::format("mx{}.example.org", i));
  world.mx("example.org", hosts);
  const Plan plan = world.plan({.domain = domain("example.org"), .options = {.hosts_max = 10}});
  EXPECT_EQ(world.asked().size(), 21U);
  expect_defer(plan, Why::temp_failure, "4.4.3");
}

TEST(Planner, security_and_ttl_come_from_every_answer) {
  MailWorld world;
  world.mx("example.org", {{10, "mx.example.org"}}).host("mx.example.org", {"192.0.2.1"}).secure();
  world.ttl("mx.example.org", 42);
  Plan plan = world.plan("example.org");
  EXPECT_TRUE(plan.secure);
  EXPECT_TRUE(plan.mx_secure);
  EXPECT_TRUE(plan.attempts[0].secure);
  EXPECT_EQ(plan.ttl_s, 42U);
  world.answer("mx.example.org", dns::Type::aaaa, {.kind = dns::Kind::nodata, .ttl_s = 300});
  plan = world.plan("example.org");
  EXPECT_TRUE(plan.mx_secure);
  EXPECT_FALSE(plan.secure) << "an insecure absence may hide an address";
}

TEST(Planner, what_if_a_host_is_down) {
  MailWorld world;
  world.mx("example.org", {{10, "a.example.org"}, {20, "b.example.org"}})
      .host("a.example.org", {"192.0.2.1"})
      .host("b.example.org", {"192.0.2.2"});
  Plan plan = world.plan({.domain = domain("example.org"), .down_hosts = {name("a.example.org")}});
  EXPECT_THAT(hosts_of(plan), ElementsAre("b.example.org"));
  EXPECT_EQ(plan.attempts[0].first_share, 1.0);
  plan = world.plan({.domain = domain("example.org"),
                     .down_hosts = {name("a.example.org")},
                     .down_networks = {IpNetwork::parse("192.0.2.2").value()}});
  expect_defer(plan, Why::down, "4.4.1");
}
}  // namespace
}  // namespace waybill::route
