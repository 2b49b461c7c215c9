// Whole moves, as they happen: each step with its earliest time, what it publishes, and the decision.
#include "support/change_kit.h"

namespace waybill {
namespace {
using check::change::Change;
using check::change::Decision;
using check::change::merged_spf;
using check::change::Topic;
using std::chrono::hours;
using std::chrono::minutes;
using test::asked_of;
using test::ChangeWorld;
using test::order_of;
using test::records_of;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kPolicy = "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: mx.old.example\n";

/// The provider's zones, both of which stay as they are.
const std::string kProviders =
    "$ORIGIN old.example.\nmx A 192.0.2.1\n_spf TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "$ORIGIN new.example.\nmx1 A 198.51.100.1\nmx2 A 203.0.113.1\n_spf TXT \"v=spf1 ip4:198.51.100.0/24 "
    "-all\"\n"
    "$ORIGIN 100.51.198.in-addr.arpa.\n1 PTR mx1.new.example.\n$ORIGIN 113.0.203.in-addr.arpa.\n1 PTR "
    "mx2.new.example.\n";

class ChangeOfProvider : public testing::Test {
 protected:
  ChangeWorld world{
      "$TTL 86400\n@ MX 10 mx.old.example.\n@ TXT \"v=spf1 include:_spf.old.example -all\"\n" + kProviders,
      "@ MX 10 mx1.new.example.\n@ MX 10 mx2.new.example.\n@ TXT \"v=spf1 include:_spf.new.example -all\"\n"};
};
TEST_F(ChangeOfProvider, has_a_safe_order) {
  const auto plan = world.run();
  EXPECT_EQ(plan.decision, Decision::pending);
  EXPECT_THAT(order_of(plan, world.move().now),
              ElementsAre("0s ttl-lower", "0s host-add", "0s spf-widen", "1d cut-over", "1d old-host-idle",
                          "1d ttl-final", "6d spf-narrow", "6d old-host-off"));
  EXPECT_THAT(records_of(plan, "ttl-lower"), ElementsAre("+ example.org. 300 IN MX 10 mx.old.example."));
  EXPECT_THAT(records_of(plan, "host-add"), IsEmpty()) << "the hosts are somebody else's, and there";
  EXPECT_THAT(
      records_of(plan, "spf-widen"),
      ElementsAre(
          "- example.org. 86400 IN TXT \"v=spf1 include:_spf.old.example -all\"",
          "+ example.org. 3600 IN TXT \"v=spf1 include:_spf.new.example include:_spf.old.example -all\""));
  EXPECT_THAT(records_of(plan, "cut-over"), ElementsAre("- example.org. 300 IN MX 10 mx.old.example.",
                                                        "+ example.org. 300 IN MX 10 mx1.new.example.",
                                                        "+ example.org. 300 IN MX 10 mx2.new.example."));
  EXPECT_THAT(
      records_of(plan, "spf-narrow"),
      ElementsAre(
          "- example.org. 3600 IN TXT \"v=spf1 include:_spf.new.example include:_spf.old.example -all\"",
          "+ example.org. 3600 IN TXT \"v=spf1 include:_spf.new.example -all\""));
  EXPECT_THAT(records_of(plan, "ttl-final"), SizeIs(2));
  EXPECT_EQ(plan.steps.safe_from - world.move().now, hours(24));
}
TEST_F(ChangeOfProvider, is_told_in_words) {
  const auto plan = world.run();
  ASSERT_THAT(plan.changes, SizeIs(2));
  EXPECT_EQ(plan.changes[0], (Change{Topic::receive,
                                     "mail for example.org",
                                     "10 mx.old.example",
                                     "10 mx1.new.example 50%, 10 mx2.new.example 50%",
                                     {}}));
  EXPECT_EQ(plan.changes[1].subject, "SPF");
  EXPECT_THAT(plan.changes[1].words,
              ElementsAre("no longer: whoever the SPF of _spf.old.example allows may send",
                          "new: whoever the SPF of _spf.new.example allows may send"));
}
TEST_F(ChangeOfProvider, too_early_is_unsafe_and_the_steps_keep_to_what_is_safe) {
  const auto plan = world.at(hours(6)).run();
  EXPECT_EQ(plan.decision, Decision::unsafe);
  EXPECT_THAT(asked_of(plan), ElementsAre("error change.ttl-too-long example.org MX",
                                          "error change.ttl-too-long example.org TXT"));
  EXPECT_EQ(plan.steps.cut_over - world.move().now, hours(24));
}
TEST_F(ChangeOfProvider, later_than_needed_is_made_when_asked) {
  const auto plan = world.at(hours(48)).run();
  EXPECT_EQ(plan.decision, Decision::pending);
  EXPECT_EQ(plan.steps.safe_from - world.move().now, hours(24));
  EXPECT_THAT(order_of(plan, world.move().now), Contains("2d cut-over"));
  EXPECT_THAT(order_of(plan, world.move().now), Contains("0s ttl-lower"))
      << "the earliest; it may wait a day";
}
TEST_F(ChangeOfProvider, under_mta_sts_the_policy_goes_first) {
  const std::string sts = "_mta-sts TXT \"v=STSv1; id=old1;\"\n";
  ChangeWorld kept("@ MX 10 mx.old.example.\n" + sts + kProviders,
                   "@ MX 10 mx1.new.example.\n_mta-sts TXT \"v=STSv1; id=new1;\"\n");
  const auto plan = kept.live_policy(kPolicy).run();
  EXPECT_EQ(plan.decision, Decision::unsafe);
  EXPECT_THAT(order_of(plan, kept.move().now),
              ElementsAre("0s ttl-lower", "0s host-add", "0s sts-widen", "1h cut-over", "1h 5m old-host-idle",
                          "1h 5m sts-final", "1h 5m ttl-final", "5d 1h old-host-off"));
  EXPECT_THAT(records_of(plan, "sts-widen"),
              ElementsAre("- _mta-sts.example.org. 3600 IN TXT \"v=STSv1; id=old1;\"",
                          "+ _mta-sts.example.org. 3600 IN TXT \"v=STSv1; id=20261121100000;\""));
  EXPECT_THAT(records_of(plan, "sts-final"),
              ElementsAre("- _mta-sts.example.org. 3600 IN TXT \"v=STSv1; id=20261121100000;\"",
                          "+ _mta-sts.example.org. 3600 IN TXT \"v=STSv1; id=new1;\""));
}

TEST(ChangeAddBackup, needs_the_host_first_and_no_lower_ttl) {
  ChangeWorld world("@ MX 10 a\na A 192.0.2.1\n", "@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 198.51.100.1\n");
  const auto plan = world.at(hours(1)).run();
  EXPECT_EQ(plan.decision, Decision::pending);
  EXPECT_THAT(asked_of(plan), IsEmpty());
  EXPECT_THAT(order_of(plan, world.move().now), ElementsAre("0s host-add", "1h cut-over"));
  EXPECT_THAT(records_of(plan, "host-add"),
              ElementsAre("+ b.example.org. 3600 IN A 198.51.100.1",
                          "+ 1.100.51.198.in-addr.arpa. IN PTR b.example.org."));
  EXPECT_THAT(records_of(plan, "cut-over"), ElementsAre("+ example.org. 3600 IN MX 20 b.example.org."));
  EXPECT_EQ(plan.steps.safe_from - world.move().now, minutes(1))
      << "an absence is remembered for the SOA's minimum";
}

TEST(ChangeTtl, lowered_is_one_step_now) {
  const std::string rest = "@ MX 10 a\na A 192.0.2.1\n";
  ChangeWorld world("$TTL 86400\n" + rest, "$TTL 300\n" + rest);
  const auto plan = world.at(hours(1)).run();
  EXPECT_EQ(plan.decision, Decision::pending);
  EXPECT_THAT(order_of(plan, world.move().now), ElementsAre("0s ttl-final"));
  EXPECT_THAT(records_of(plan, "ttl-final"), ElementsAre("+ example.org. 300 IN MX 10 a.example.org.",
                                                         "+ a.example.org. 300 IN A 192.0.2.1"));
  EXPECT_THAT(plan.changes, ElementsAre(Change{Topic::lifetime, "TTL of example.org MX", "1d", "5m", {}},
                                        Change{Topic::lifetime, "TTL of a.example.org A", "1d", "5m", {}}));
}

TEST(ChangeKeyRollover, publishes_both_waits_two_ttls_and_clears_up) {
  const std::string host = "@ MX 10 a\na A 192.0.2.1\n";
  const std::string one = "_25._tcp.a TLSA 3 1 1 " + std::string(64, '1') + "\n";
  const std::string two = "_25._tcp.a TLSA 3 1 1 " + std::string(64, '2') + "\n";
  ChangeWorld world(host + one, host + two);
  const auto plan = world.run();
  EXPECT_EQ(plan.decision, Decision::pending);
  EXPECT_THAT(order_of(plan, world.move().now),
              ElementsAre("0s tlsa-add", "2h key-change", "2h tlsa-remove"));
  EXPECT_THAT(records_of(plan, "tlsa-add"),
              ElementsAre(HasSubstr("+ _25._tcp.a.example.org. 3600 IN TLSA 3 1 1 2222")));
  EXPECT_THAT(records_of(plan, "tlsa-remove"),
              ElementsAre(HasSubstr("- _25._tcp.a.example.org. 3600 IN TLSA 3 1 1 1111")));
  EXPECT_THAT(plan.changes, SizeIs(1));
  EXPECT_EQ(plan.changes[0].subject, "DANE of a.example.org");
}

TEST(ChangeSts, switched_on) {
  const std::string host = "@ MX 10 a\na A 192.0.2.1\n";
  ChangeWorld world(host, host + "_mta-sts TXT \"v=STSv1; id=1;\"\n");
  const auto plan =
      world.new_policy("version: STSv1\nmode: testing\nmax_age: 86400\nmx: a.example.org\n").run();
  EXPECT_EQ(plan.decision, Decision::pending);
  EXPECT_THAT(order_of(plan, world.move().now), ElementsAre("0s sts-on"));
  EXPECT_THAT(
      plan.changes,
      ElementsAre(
          Change{Topic::enforce, "MTA-STS", "none", "id 1, mode testing, max_age 1d, mx a.example.org", {}}));
}
TEST(ChangeSts, switched_off_goes_through_mode_none_and_takes_max_age) {
  const std::string host = "@ MX 10 a\na A 192.0.2.1\n";
  ChangeWorld world(host + "_mta-sts TXT \"v=STSv1; id=1;\"\n", host);
  const auto plan =
      world.live_policy("version: STSv1\nmode: enforce\nmax_age: 604800\nmx: a.example.org\n").run();
  EXPECT_THAT(asked_of(plan), ElementsAre("warning change.sts-outlives _mta-sts.example.org"));
  EXPECT_THAT(order_of(plan, world.move().now), ElementsAre("0s sts-none", "7d sts-off"));
  EXPECT_THAT(records_of(plan, "sts-off"),
              ElementsAre("- _mta-sts.example.org. 3600 IN TXT \"v=STSv1; id=20261121100000;\""));
}

TEST(ChangeRemoveHost, runs_on_until_its_queue_is_empty) {
  ChangeWorld world("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 198.51.100.1\nb AAAA 2001:db8::1\n",
                    "@ MX 10 a\na A 192.0.2.1\n");
  const auto plan = world.run();
  EXPECT_THAT(order_of(plan, world.move().now),
              ElementsAre("0s ttl-lower", "1h cut-over", "1h 5m old-host-idle", "1h 5m ttl-final",
                          "5d 1h old-host-off"));
  EXPECT_THAT(records_of(plan, "ttl-lower"), ElementsAre("+ example.org. 300 IN MX 10 a.example.org.",
                                                         "+ example.org. 300 IN MX 20 b.example.org."));
  EXPECT_THAT(records_of(plan, "cut-over"), ElementsAre("- example.org. 300 IN MX 20 b.example.org."));
  EXPECT_THAT(records_of(plan, "old-host-off"), ElementsAre("- b.example.org. 3600 IN A 198.51.100.1",
                                                            "- b.example.org. 3600 IN AAAA 2001:db8::1"));
}

TEST(ChangeMoveHost, by_its_address) {
  ChangeWorld world("@ MX 10 a\na 7200 A 192.0.2.1\n", "@ MX 10 a\na 7200 A 198.51.100.1\n");
  const auto plan = world.run();
  EXPECT_THAT(order_of(plan, world.move().now),
              ElementsAre("0s ttl-lower", "2h cut-over", "2h 5m old-address-off", "2h 5m ttl-final"));
  EXPECT_THAT(records_of(plan, "cut-over"),
              ElementsAre("- a.example.org. 300 IN A 192.0.2.1", "+ a.example.org. 300 IN A 198.51.100.1"));
}

TEST(ChangeDkimRollover, publishes_first_and_removes_last) {
  const std::string host = "@ MX 10 a\na A 192.0.2.1\n";
  ChangeWorld world(host + "s1._domainkey TXT \"v=DKIM1; p=AAAA\"\n",
                    host + "s2._domainkey TXT \"v=DKIM1; p=BBBB\"\n");
  const auto plan = world.selector("s1").selector("s2").run();
  EXPECT_THAT(asked_of(plan), ElementsAre("warning change.selector-removed s1._domainkey.example.org"));
  EXPECT_THAT(order_of(plan, world.move().now), ElementsAre("0s dkim-add", "5d dkim-remove"));
  EXPECT_THAT(records_of(plan, "dkim-add"),
              ElementsAre("+ s2._domainkey.example.org. 3600 IN TXT \"v=DKIM1; p=BBBB\""));
  EXPECT_THAT(records_of(plan, "dkim-remove"),
              ElementsAre("- s1._domainkey.example.org. 3600 IN TXT \"v=DKIM1; p=AAAA\""));
}

TEST(ChangeExactTtls, come_from_the_zone_s_own_servers) {
  using check::change::Side;
  const std::string ns = "@ NS ns\nns A 192.0.2.53\n";
  ChangeWorld world("$TTL 1200\n" + ns + "@ MX 10 a\na A 192.0.2.1\nb A 192.0.2.2\n",
                    ns + "@ MX 10 b\na A 192.0.2.1\nb A 192.0.2.2\n");
  EXPECT_EQ(world.run().steps.safe_from - world.move().now, minutes(20)) << "what a cache has left";
  world.move().exact_ttls = true;
  dns::Answer mx{.kind = dns::Kind::present, .ttl_s = 86'400};
  mx.records = {{.owner = world.move().subject.name,
                 .type = dns::Type::mx,
                 .ttl_s = 86'400,
                 .data = dns::Mx{10, dns::Name::parse("a.example.org").value()}}};
  const auto ask = [&](dns::Type type) {
    return check::AskServer{{world.move().subject.name, type}, IpAddress::parse("192.0.2.53").value()};
  };
  world.server_says(ask(dns::Type::mx), {.answer = mx, .authoritative = true});
  const auto plan = world.at(hours(2)).run();
  EXPECT_EQ(plan.steps.safe_from - world.move().now, hours(24));
  EXPECT_THAT(asked_of(plan), ElementsAre("error change.ttl-too-long example.org MX"));
  world.server_says(ask(dns::Type::mx), {.answer = mx, .authoritative = false});
  EXPECT_EQ(world.run().steps.safe_from - world.move().now, minutes(20)) << "no better than a cache";
}

TEST(ChangeDmarc, is_one_step_at_the_cut_over) {
  const std::string host = "@ MX 10 a\na A 192.0.2.1\n";
  ChangeWorld world(host + "_dmarc TXT \"v=DMARC1; p=none\"\n",
                    host + "_dmarc TXT \"v=DMARC1; p=reject; sp=none\"\n");
  const auto plan = world.at(hours(3)).run();
  EXPECT_THAT(order_of(plan, world.move().now), ElementsAre("3h dmarc"));
  EXPECT_THAT(plan.changes,
              ElementsAre(Change{
                  Topic::enforce, "DMARC", "p=none sp=none rua=none", "p=reject sp=none rua=none", {}}));
}

TEST(ChangeSpf, senders_that_go_may_send_until_their_queues_are_empty) {
  const std::string host = "@ MX 10 a\na A 192.0.2.1\n";
  ChangeWorld world(host + "@ TXT \"v=spf1 mx ip4:203.0.113.9 -all\"\n", host + "@ TXT \"v=spf1 mx -all\"\n");
  const auto plan = world.run();
  EXPECT_THAT(order_of(plan, world.move().now), ElementsAre("5d spf-narrow"));
}
TEST(ChangeSpf, to_refuse_others_waits_for_nothing) {
  const std::string host = "@ MX 10 a\na A 192.0.2.1\n";
  ChangeWorld world(host + "@ TXT \"v=spf1 mx ~all\"\n", host + "@ TXT \"v=spf1 mx -all\"\n");
  const auto plan = world.run();
  EXPECT_THAT(order_of(plan, world.move().now), ElementsAre("0s spf"));
  EXPECT_THAT(plan.changes.at(0).words, ElementsAre("no longer: everybody else is suspect, but not refused",
                                                    "new: everybody else is refused"));
}
TEST(ChangeSpf, merging_keeps_who_may_send_before_the_end) {
  EXPECT_EQ(merged_spf("v=spf1 a include:x.example ~all", "v=spf1 mx a -all"),
            "v=spf1 mx a include:x.example ~all")
      << "the gentler end, as long as both send";
  EXPECT_EQ(merged_spf("v=spf1 a -all", "v=spf1 redirect=_spf.example.net"),
            "v=spf1 a redirect=_spf.example.net");
  EXPECT_EQ(merged_spf("v=spf1 -ip4:192.0.2.1 mx -all", "v=spf1 a"), "v=spf1 a mx");
  EXPECT_EQ(merged_spf("v=spf1 a -all", "v=spf1 a -all"), "v=spf1 a -all");
}
TEST(ChangeSpf, a_long_record_is_split_into_strings) {
  std::string terms;
  for (int i = 0; i < 20; ++i) terms += fmt::format("ip4:192.0.2.{} ", i);
  const std::string host = "@ MX 10 a\na A 192.0.2.1\n";
  ChangeWorld world(
      host + "@ TXT \"v=spf1 ip4:203.0.113.9 -all\"\n",
      host + "@ TXT \"v=spf1 " + terms.substr(0, 200) + "\" \"" + terms.substr(200) + "-all\"\n");
  const auto records = records_of(world.run(), "spf-widen");
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_THAT(records[1], HasSubstr("\" \"")) << "255 octets a string (RFC 1035 3.3)";
}
}  // namespace
}  // namespace waybill
