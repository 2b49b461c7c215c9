// Conformance 22-25 and 37: we are among the MXs ourselves (RFC 5321 5.1).
#include <gmock/gmock.h>

#include "support/mail_world.h"

namespace waybill::route {
namespace {
using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SelfTest : public testing::Test {
 protected:
  SelfTest() {
    world_.mx("example.org", {{10, "a.example.org"}, {20, "b.example.org"}, {30, "c.example.org"}})
        .host("a.example.org", {"192.0.2.1"})
        .host("b.example.org", {"192.0.2.2", "2001:db8::2"})
        .host("c.example.org", {"192.0.2.3"});
  }
  Plan plan_as(Self self, Role role = Role::backup) {
    return world_.plan({.domain = domain("example.org"), .self = std::move(self), .role = role});
  }
  MailWorld world_;
};

TEST_F(SelfTest, rfc_022_self_in_the_middle_leaves_the_better_only) {
  const Plan plan = plan_as({.names = {name("B.Example.ORG")}});
  EXPECT_THAT(hosts_of(plan), ElementsAre("a.example.org"));
  EXPECT_EQ(find_host(plan, "b.example.org")->status, HostStatus::is_self);
  EXPECT_EQ(find_host(plan, "c.example.org")->status, HostStatus::not_better);
  EXPECT_FALSE(world_.was_asked("c.example.org", dns::Type::a)) << "its addresses don't matter";
  EXPECT_TRUE(has_rule(plan, "self.found"));
}

TEST_F(SelfTest, rfc_023_an_equal_of_self_is_dropped_with_it) {
  world_.mx("example.org", {{20, "d.example.org"}}).host("d.example.org", {"192.0.2.4"});
  for (const Self& self : {Self{.names = {name("b.example.org")}}, Self{.addresses = {ip("192.0.2.2")}}}) {
    const Plan plan = plan_as(self, Role::foreign);
    EXPECT_THAT(hosts_of(plan), ElementsAre("a.example.org"));
    EXPECT_EQ(find_host(plan, "d.example.org")->status, HostStatus::not_better);
  }
}

TEST_F(SelfTest, rfc_024_self_as_best_bounces_as_a_loop) {
  const Plan plan = plan_as({.names = {name("a.example.org")}}, Role::foreign);
  EXPECT_EQ(plan.decision, Verdict::bounce);
  EXPECT_EQ(plan.why, Why::loops_to_self);
  EXPECT_EQ(plan.enhanced.to_string(), "5.4.6");
  EXPECT_EQ(plan.code, 554);
  EXPECT_THAT(plan.attempts, IsEmpty());
}

// Whoever made us a backup made a mistake, not the sender: the mail waits until it is mended.
TEST_F(SelfTest, rfc_024_a_backup_that_is_the_best_keeps_the_mail_and_names_the_fix) {
  const Plan plan = plan_as({.names = {name("a.example.org")}});
  EXPECT_EQ(plan.decision, Verdict::defer);
  EXPECT_EQ(plan.why, Why::loops_to_self);
  EXPECT_EQ(plan.enhanced.to_string(), "4.4.6");
  EXPECT_THAT(plan.attempts, IsEmpty());
  EXPECT_THAT(plan.reason, AllOf(HasSubstr("a.example.org, preference 10"), HasSubstr("number below 10"),
                                 HasSubstr("role = \"primary\"")));
}

TEST_F(SelfTest, rfc_024_a_backup_that_is_the_implicit_mx_keeps_the_mail) {
  world_.host("solo.example", {"192.0.2.9"});
  const Plan plan = world_.plan(
      {.domain = domain("solo.example"), .self = {.addresses = {ip("192.0.2.9")}}, .role = Role::backup});
  EXPECT_EQ(plan.decision, Verdict::defer);
  EXPECT_EQ(plan.why, Why::loops_to_self);
}

TEST_F(SelfTest, rfc_024_implicit_mx_that_is_self_bounces_as_a_loop) {
  world_.host("solo.example", {"192.0.2.9"});
  const Plan plan = world_.plan({.domain = domain("solo.example"), .self = {.addresses = {ip("192.0.2.9")}}});
  EXPECT_EQ(plan.enhanced.to_string(), "5.4.6");
}

TEST_F(SelfTest, rfc_025_self_known_by_a_local_address) {
  EXPECT_THAT(hosts_of(plan_as({.addresses = {ip("2001:db8::2")}})), ElementsAre("a.example.org"));
}

TEST_F(SelfTest, rfc_025_self_known_by_what_its_name_resolves_to) {
  world_.host("inside.example.net", {"192.0.2.2"});
  EXPECT_THAT(hosts_of(plan_as({.names = {name("inside.example.net")}})), ElementsAre("a.example.org"));
}

TEST_F(SelfTest, rfc_025_self_known_by_alias_in_both_directions) {
  world_.mx("alias.example", {{10, "a.example.org"}, {20, "backup.alias.example"}})
      .alias("backup.alias.example", "me.example.net")
      .host("me.example.net", {"198.51.100.1"});
  Plan plan = world_.plan({.domain = domain("alias.example"), .self = {.names = {name("me.example.net")}}});
  EXPECT_THAT(hosts_of(plan), ElementsAre("a.example.org"));
  // Our configured name is itself an alias of the one in the MX.
  world_.alias("mail.example.net", "b.example.org");
  plan = plan_as({.names = {name("mail.example.net")}});
  EXPECT_THAT(hosts_of(plan), ElementsAre("a.example.org"));
}

TEST_F(SelfTest, rfc_025_a_family_that_is_off_still_tells_self) {
  const Plan plan = world_.plan({.domain = domain("example.org"),
                                 .self = {.addresses = {ip("2001:db8::2")}},
                                 .options = {.families = Families::v4_only}});
  EXPECT_THAT(hosts_of(plan), ElementsAre("a.example.org"));
}

TEST_F(SelfTest, rfc_037_backup_forwards_to_better_preferences_only) {
  EXPECT_THAT(hosts_of(plan_as({.names = {name("c.example.org")}})),
              ElementsAre("a.example.org", "b.example.org"));
  // The best one's addresses can't be looked up: the mail waits, it is not handed to an equal or worse one.
  world_.fails("a.example.org", dns::Type::a);
  const Plan plan = plan_as({.names = {name("b.example.org")}});
  EXPECT_EQ(plan.decision, Verdict::defer);
  EXPECT_THAT(plan.attempts, IsEmpty());
}

TEST_F(SelfTest, rfc_037_backup_that_does_not_find_itself_keeps_the_mail_and_names_the_fix) {
  const Plan plan = plan_as({.names = {name("nat.example.net")}});
  EXPECT_EQ(plan.decision, Verdict::defer);
  EXPECT_EQ(plan.why, Why::not_an_mx);
  EXPECT_EQ(plan.enhanced.to_string(), "4.3.5");
  EXPECT_THAT(plan.attempts, IsEmpty());
  EXPECT_TRUE(has_rule(plan, "self.not-listed"));
  EXPECT_THAT(plan.reason, AllOf(HasSubstr("a.example.org, b.example.org, c.example.org"),
                                 HasSubstr("names nat.example.net"), HasSubstr("self_addresses")));
  // As a plain sender the same host uses them all.
  EXPECT_EQ(hosts_of(plan_as({.names = {name("nat.example.net")}}, Role::foreign)).size(), 3U);
  // What an operator sends by hand goes.
  const Plan pinned = world_.plan(
      {.domain = domain("example.org"), .way = Way::parse("example.org").value(), .role = Role::backup});
  EXPECT_EQ(pinned.decision, Verdict::deliver);
}

TEST_F(SelfTest, rfc_037_a_single_mx_that_is_not_us_is_no_place_for_a_backup) {
  world_.mx("one.example", {{10, "a.example.org"}});
  const Plan plan = world_.plan({.domain = domain("one.example"), .role = Role::backup});
  EXPECT_EQ(plan.decision, Verdict::defer);
  EXPECT_EQ(plan.why, Why::not_an_mx);
}

TEST_F(SelfTest, rfc_037_a_place_that_the_dns_cannot_tell_is_unknown_and_no_fault) {
  world_.fails("c.example.org", dns::Type::a).fails("c.example.org", dns::Type::aaaa);
  Plan plan = plan_as({.names = {name("nat.example.net")}});
  EXPECT_EQ(plan.decision, Verdict::defer);
  EXPECT_EQ(plan.why, Why::temp_failure);
  EXPECT_THAT(plan.reason, HasSubstr("is not known"));
  world_.fails("own.example.net", dns::Type::a);
  world_.mx("two.example", {{10, "a.example.org"}, {20, "b.example.org"}});
  plan = world_.plan(
      {.domain = domain("two.example"), .self = {.names = {name("own.example.net")}}, .role = Role::backup});
  EXPECT_EQ(plan.why, Why::temp_failure);
  EXPECT_THAT(plan.reason, HasSubstr("our own name own.example.net"));
}

TEST_F(SelfTest, rfc_037_backup_of_unknown_place_never_bounces_for_want_of_the_best) {
  world_.mx("lost.example", {{10, "gone.example"}, {20, "c.example.org"}});
  const Plan plan = world_.plan({.domain = domain("lost.example"), .role = Role::backup});
  EXPECT_EQ(plan.decision, Verdict::defer);
  EXPECT_EQ(plan.why, Why::not_an_mx);
}

TEST_F(SelfTest, better_hosts_without_address_bounce_for_that_and_not_as_a_loop) {
  world_.mx("half.example", {{10, "gone.example"}, {20, "b.example.org"}});
  const Plan plan =
      world_.plan({.domain = domain("half.example"), .self = {.names = {name("b.example.org")}}});
  EXPECT_EQ(plan.decision, Verdict::bounce);
  EXPECT_EQ(plan.why, Why::no_mail);
}

TEST_F(SelfTest, own_name_that_cannot_be_looked_up_is_told) {
  world_.fails("me.example.net", dns::Type::a);
  const Plan plan = plan_as({.names = {name("me.example.net")}}, Role::foreign);
  EXPECT_EQ(plan.decision, Verdict::deliver);
  EXPECT_TRUE(has_rule(plan, "self.unknown"));
}
}  // namespace
}  // namespace waybill::route
