// The checks of a change, each by itself; whole moves are in change_steps_test.cc.
#include "check/change/change.h"

#include "support/change_kit.h"

namespace waybill {
namespace {
using check::Finding;
using check::change::ChangePlan;
using check::change::Decision;
using check::change::Side;
using std::chrono::hours;
using std::chrono::minutes;
using test::asked_of;
using test::ChangeWorld;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kA = "@ MX 10 a\na A 192.0.2.1\nb A 192.0.2.2\n";
const std::string kB = "@ MX 10 b\na A 192.0.2.1\nb A 192.0.2.2\n";
const std::string kPolicyA = "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: a.example.org\n";
const std::string kPolicyAB = kPolicyA + "mx: b.example.org\n";
const std::string kTlsa1 = "_25._tcp.a TLSA 3 1 1 " + std::string(64, '1') + "\n";
const std::string kTlsa2 = "_25._tcp.a TLSA 3 1 1 " + std::string(64, '2') + "\n";

const Finding* find(const ChangePlan& plan, std::string_view id) {
  const auto at = std::ranges::find(plan.asked, id, &Finding::id);
  return at == plan.asked.end() ? nullptr : &*at;
}

TEST(ChangePlan, equal_worlds_have_no_change_and_no_step) {
  const auto plan = ChangeWorld(kA, kA).at(hours(1)).run(check::catalogue());
  EXPECT_EQ(plan.decision, Decision::nothing);
  EXPECT_THAT(plan.changes, IsEmpty());
  EXPECT_THAT(plan.appears, IsEmpty());
  EXPECT_THAT(plan.goes, IsEmpty());
  EXPECT_THAT(plan.steps.steps, IsEmpty());
}
TEST(ChangePlan, findings_of_the_catalogue_come_and_go) {
  const auto plan = ChangeWorld("@ MX 10 c\nc CNAME a\na A 192.0.2.1", "@ CNAME a\na MX 10 a\na A 192.0.2.1")
                        .run(check::catalogue());
  const auto ids = [](const std::vector<Finding>& findings) {
    std::vector<std::string> out;
    for (const Finding& each : findings) out.push_back(each.id);
    return out;
  };
  EXPECT_THAT(ids(plan.goes), Contains("mx.target-is-cname"));
  EXPECT_THAT(ids(plan.appears), Contains("domain.cname"));
  EXPECT_THAT(ids(plan.appears), testing::Not(Contains("mx.target-is-cname")));
}
TEST(ChangePlan, what_is_unknown_on_one_side_neither_comes_nor_goes) {
  ChangeWorld world("@ MX 10 c\nc CNAME a\na A 192.0.2.1", kA);
  const auto plan = world.fails(Side::proposed, "example.org", dns::Type::mx).run(check::catalogue());
  EXPECT_EQ(plan.decision, Decision::unknown);
  EXPECT_THAT(asked_of(plan), Contains("unknown change.mail MX of example.org"));
  EXPECT_THAT(plan.steps.steps, IsEmpty());
  for (const Finding& each : plan.goes) EXPECT_NE(each.id, "mx.target-is-cname");
}
TEST(ChangePlan, an_error_stays_one_whatever_else_is_unknown) {
  ChangeWorld world(kA, kB);
  const auto plan = world.at(minutes(1)).fails(Side::live, "_dmarc.example.org", dns::Type::txt).run();
  EXPECT_EQ(plan.decision, Decision::unsafe);
  EXPECT_THAT(asked_of(plan), Contains("unknown change.mail TXT of _dmarc.example.org"));
}
TEST(ChangePlan, what_is_allowed_makes_nothing_unsafe) {
  ChangeWorld world(kA, kB);
  world.move().allowed = {"change.ttl-too-long"};
  const auto plan = world.at(minutes(1)).run();
  EXPECT_EQ(plan.decision, Decision::pending);
  EXPECT_NE(find(plan, "change.ttl-too-long"), nullptr);
}
TEST(ChangePlan, a_file_counts_as_signed_when_the_live_zone_is) {
  const auto domain = dns::Name::parse("example.org").value();
  const dns::Question mx{domain, dns::Type::mx};
  for (const bool is_signed : {true, false}) {
    check::change::SideFacts facts;
    facts.put({Side::live, mx}, dns::Answer{.kind = dns::Kind::nodata, .secure = is_signed});
    facts.put({Side::proposed, mx}, dns::Answer{.kind = dns::Kind::nodata, .source = dns::Source::overlay});
    facts.put({Side::proposed, dns::Question{domain, dns::Type::a}},
              dns::Answer{.kind = dns::Kind::nodata, .secure = true, .source = dns::Source::network});
    const auto worlds = check::change::worlds_of(facts, domain);
    EXPECT_EQ(worlds.proposed.dns.find(mx)->secure, is_signed);
    EXPECT_TRUE(worlds.proposed.dns.find({domain, dns::Type::a})->secure) << "what is proved stays proved";
    EXPECT_EQ(worlds.live.dns.size(), 1U);
  }
}
TEST(ChangePlan, a_ttl_that_is_seen_shorter_through_a_cache_is_no_change) {
  check::change::SetPair set;
  dns::Answer live{.kind = dns::Kind::present, .ttl_s = 1234, .source = dns::Source::cache};
  live.records = {{.owner = {}, .type = dns::Type::mx, .ttl_s = 1234, .data = dns::Mx{10, {}}}};
  dns::Answer proposed = live;
  proposed.source = dns::Source::overlay;
  set.live = &live;
  set.proposed = &proposed;
  proposed.ttl_s = 3600;
  EXPECT_FALSE(set.only_ttl_changes());
  proposed.ttl_s = 300;
  EXPECT_TRUE(set.only_ttl_changes());
  live.source = dns::Source::overlay;
  proposed.ttl_s = 3600;
  EXPECT_TRUE(set.only_ttl_changes()) << "a file tells the TTL itself";
}

TEST(ChangeTtlTooLong, an_mx_that_caches_hold_longer_is_an_error) {
  const auto plan = ChangeWorld("$TTL 86400\n" + kA, "$TTL 300\n" + kB).at(hours(2)).run();
  const Finding* found = find(plan, "change.ttl-too-long");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->subject, "example.org MX");
  EXPECT_EQ(found->got,
            "its TTL is 1d, the cut-over is in 2h: caches hold what is there now (10 a.example.org.) up to "
            "22h longer");
  EXPECT_THAT(found->want, HasSubstr("2026-11-22T10:00:00"));
  EXPECT_EQ(plan.decision, Decision::unsafe);
}
TEST(ChangeTtlTooLong, the_very_second_is_enough) {
  EXPECT_EQ(find(ChangeWorld(kA, kB).at(Seconds(3600)).run(), "change.ttl-too-long"), nullptr);
  EXPECT_NE(find(ChangeWorld(kA, kB).at(Seconds(3599)).run(), "change.ttl-too-long"), nullptr);
}
TEST(ChangeTtlTooLong, what_is_only_added_does_no_harm_in_a_cache) {
  EXPECT_EQ(find(ChangeWorld(kA, kA + "@ MX 20 b\n").at(minutes(1)).run(), "change.ttl-too-long"), nullptr);
  EXPECT_EQ(find(ChangeWorld(kA, kA + "a AAAA 2001:db8::1\n").at(minutes(1)).run(), "change.ttl-too-long"),
            nullptr);
}
TEST(ChangeTtlTooLong, an_address_that_goes_and_spf_that_lacks_a_new_sender_count) {
  EXPECT_THAT(asked_of(ChangeWorld(kA, "@ MX 10 a\na A 198.51.100.1\nb A 192.0.2.2\n").at(minutes(1)).run()),
              ElementsAre("error change.ttl-too-long a.example.org A"));
  const std::string spf = "@ TXT \"v=spf1 ip4:192.0.2.1 ~all\"\n";
  EXPECT_THAT(
      asked_of(ChangeWorld(kA + spf, kA + "@ TXT \"v=spf1 ip4:198.51.100.1 ~all\"\n").at(minutes(1)).run()),
      ElementsAre("error change.ttl-too-long example.org TXT"));
  EXPECT_THAT(
      asked_of(ChangeWorld(kA + spf, kA + "@ TXT \"v=spf1 ip4:192.0.2.1 -all\"\n").at(minutes(1)).run()),
      IsEmpty())
      << "to refuse others is no new sender";
}
TEST(ChangeTtlTooLong, a_null_mx_in_a_cache_bounces_mail) {
  EXPECT_THAT(
      asked_of(ChangeWorld("@ MX 0 .\na A 192.0.2.1", "@ MX 10 a\na A 192.0.2.1").at(minutes(1)).run()),
      ElementsAre("error change.ttl-too-long example.org MX"));
}
TEST(ChangeTtlTooLong, without_a_time_nothing_is_too_long) {
  EXPECT_THAT(asked_of(ChangeWorld(kA, kB).run()), IsEmpty());
}

TEST(ChangeHostTtl, an_address_that_is_forgotten_before_the_mx_is_a_notice) {
  const auto plan = ChangeWorld(kA, "@ MX 10 a\na 300 A 192.0.2.1\nb A 192.0.2.2\n").run();
  const Finding* found = find(plan, "change.host-ttl-below-mx");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->subject, "a.example.org");
  EXPECT_THAT(found->got, HasSubstr("its A is kept 5m, the MX that names it 1h"));
  EXPECT_EQ(found->fix, "a.example.org. 3600 IN A 192.0.2.1");
  EXPECT_EQ(plan.decision, Decision::pending);
}
TEST(ChangeHostTtl, what_the_change_leaves_alone_is_not_told) {
  const std::string zone = "@ MX 10 a\na 300 A 192.0.2.1\n";
  EXPECT_THAT(asked_of(ChangeWorld(zone, zone + "_dmarc TXT \"v=DMARC1; p=none\"\n").run()), IsEmpty());
}

TEST(ChangeStsOutlives, a_new_host_that_the_kept_policy_forbids_is_an_error) {
  const std::string sts = "_mta-sts TXT \"v=STSv1; id=1;\"\n";
  const std::string other = "_mta-sts TXT \"v=STSv1; id=2;\"\n";
  const auto plan = ChangeWorld(kA + sts, kB + other).live_policy(kPolicyA).at(hours(24)).run();
  const Finding* found = find(plan, "change.sts-outlives");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->level, check::Level::error);
  EXPECT_EQ(found->subject, "b.example.org");
  EXPECT_THAT(found->got, HasSubstr("(mode enforce) that senders keep up to 7d does not list it"));
  EXPECT_EQ(find(ChangeWorld(kA + sts, kB + other).live_policy(kPolicyAB).at(hours(24)).run(),
                 "change.sts-outlives"),
            nullptr);
  EXPECT_EQ(find(ChangeWorld(kA + sts, kB + other).live_policy(kPolicyA).at(hours(24 * 8)).run(),
                 "change.sts-outlives"),
            nullptr)
      << "after max_age every copy is gone";
}
TEST(ChangeStsOutlives, a_policy_that_comes_with_a_new_id_is_waited_for_by_the_record_s_ttl) {
  const std::string sts = "_mta-sts TXT \"v=STSv1; id=1;\"\n";
  const std::string other = "_mta-sts TXT \"v=STSv1; id=2;\"\n";
  const auto asked = [&](Millis at, const std::string& record) {
    return find(ChangeWorld(kA + sts, kB + record).live_policy(kPolicyA).new_policy(kPolicyAB).at(at).run(),
                "change.sts-outlives") != nullptr;
  };
  EXPECT_FALSE(asked(hours(2), other));
  EXPECT_TRUE(asked(minutes(59), other));
  EXPECT_TRUE(asked(hours(2), sts)) << "the same id: nobody fetches it";
}
TEST(ChangeStsOutlives, testing_refuses_nothing_and_none_is_no_policy) {
  const std::string sts = "_mta-sts TXT \"v=STSv1; id=1;\"\n";
  std::string testing = kPolicyA;
  testing.replace(testing.find("enforce"), 7, "testing");
  const auto plan = ChangeWorld(kA + sts, kB + "_mta-sts TXT \"v=STSv1; id=2;\"\n")
                        .live_policy(testing)
                        .at(hours(24))
                        .run();
  EXPECT_THAT(asked_of(plan), ElementsAre("notice change.sts-outlives b.example.org"));
  EXPECT_THAT(asked_of(ChangeWorld(kA + sts, kB + "_mta-sts TXT \"v=STSv1; id=2;\"\n")
                           .live_policy("version: STSv1\nmode: none\nmax_age: 86400\n")
                           .at(hours(24))
                           .run()),
              IsEmpty());
}
TEST(ChangeStsOutlives, a_record_that_goes_leaves_the_policy_behind) {
  const auto plan = ChangeWorld(kA + "_mta-sts TXT \"v=STSv1; id=1;\"\n", kA).live_policy(kPolicyA).run();
  EXPECT_THAT(asked_of(plan), ElementsAre("warning change.sts-outlives _mta-sts.example.org"));
  EXPECT_EQ(find(plan, "change.sts-outlives")->ref, "RFC 8461 8.3");
}
TEST(ChangeStsOutlives, without_the_policy_it_is_unknown) {
  const std::string sts = "_mta-sts TXT \"v=STSv1; id=1;\"\n";
  const auto plan = ChangeWorld(kA + sts, kB + sts).at(hours(24)).run();
  EXPECT_EQ(plan.decision, Decision::unknown);
  EXPECT_THAT(find(plan, "change.sts-outlives")->got, HasSubstr("connection refused"));
  EXPECT_EQ(ChangeWorld(kA + sts, kA + sts + "_dmarc TXT \"v=DMARC1; p=none\"\n").run().decision,
            Decision::pending)
      << "no host changes: the policy is no matter of it";
}

TEST(ChangeTlsa, a_replaced_set_within_two_ttls_is_an_error) {
  EXPECT_THAT(asked_of(ChangeWorld(kA + kTlsa1, kA + kTlsa2).at(Seconds(7199)).run()),
              ElementsAre("error change.tlsa-too-late _25._tcp.a.example.org"));
  EXPECT_THAT(asked_of(ChangeWorld(kA + kTlsa1, kA + kTlsa2).at(Seconds(7200)).run()), IsEmpty());
  const auto plan = ChangeWorld(kA + kTlsa1, kA + kTlsa2).at(hours(1)).run();
  EXPECT_THAT(find(plan, "change.tlsa-too-late")->fix,
              HasSubstr("_25._tcp.a.example.org. 3600 IN TLSA 3 1 1 2222"));
}
TEST(ChangeTlsa, a_set_that_overlaps_is_safe_at_any_time) {
  EXPECT_THAT(asked_of(ChangeWorld(kA + kTlsa1, kA + kTlsa1 + kTlsa2).at(minutes(1)).run()), IsEmpty());
  EXPECT_THAT(asked_of(ChangeWorld(kA + kTlsa1 + kTlsa2, kA + kTlsa2).at(minutes(1)).run()), IsEmpty());
  EXPECT_THAT(asked_of(ChangeWorld(kA, kA + kTlsa2).at(minutes(1)).run()), IsEmpty()) << "the first ones";
}
TEST(ChangeTlsa, a_host_that_moves_with_its_records_needs_its_key) {
  const auto plan =
      ChangeWorld(kA + kTlsa1, "@ MX 10 a\na A 198.51.100.1\nb A 192.0.2.2\n" + kTlsa1).at(hours(3)).run();
  EXPECT_THAT(asked_of(plan), ElementsAre("warning change.tlsa-too-late a.example.org"));
}

TEST(ChangeSelector, a_key_that_goes_too_early_is_a_warning) {
  const std::string key = "s1._domainkey TXT \"v=DKIM1; p=AAAA\"\n";
  EXPECT_THAT(asked_of(ChangeWorld(kA + key, kA).selector("s1").at(hours(24)).run()),
              ElementsAre("warning change.selector-removed s1._domainkey.example.org"));
  EXPECT_THAT(asked_of(ChangeWorld(kA + key, kA).selector("s1").at(hours(120)).run()), IsEmpty());
  EXPECT_THAT(asked_of(ChangeWorld(kA + key, kA + "s1._domainkey TXT \"v=DKIM1; p=\"\n")
                           .selector("s1")
                           .at(hours(24))
                           .run()),
              ElementsAre("warning change.selector-removed s1._domainkey.example.org"));
}
TEST(ChangeSelector, another_key_in_its_place_is_one_whenever_it_happens) {
  const std::string key = "s1._domainkey TXT \"v=DKIM1; p=AAAA\"\n";
  const std::string other = "s1._domainkey TXT \"v=DKIM1; p=BBBB\"\n";
  EXPECT_THAT(asked_of(ChangeWorld(kA + key, kA + other).selector("s1").at(hours(500)).run()),
              ElementsAre("warning change.selector-removed s1._domainkey.example.org"));
  EXPECT_THAT(
      asked_of(
          ChangeWorld(kA + key, kA + "s1._domainkey TXT \"v=DKIM1; k=rsa; p=AA AA\"\n").selector("s1").run()),
      IsEmpty())
      << "the same key";
}
TEST(ChangeSelector, one_that_comes_is_no_warning_and_a_failure_is_unknown) {
  const std::string key = "s1._domainkey TXT \"v=DKIM1; p=AAAA\"\n";
  EXPECT_THAT(asked_of(ChangeWorld(kA, kA + key).selector("s1").at(hours(1)).run()), IsEmpty());
  ChangeWorld world(kA, kA + key);
  world.selector("s1").fails(Side::live, "s1._domainkey.example.org", dns::Type::txt);
  EXPECT_THAT(asked_of(world.run()),
              Contains("unknown change.selector-removed TXT of s1._domainkey.example.org"));
}

TEST(ChangeStsId, a_policy_that_changes_under_one_id_is_an_error) {
  const std::string sts = "_mta-sts TXT \"v=STSv1; id=1;\"\n";
  const auto plan = ChangeWorld(kA + sts, kA + sts).live_policy(kPolicyA).new_policy(kPolicyAB).run();
  EXPECT_THAT(asked_of(plan), ElementsAre("error change.sts-id-unchanged _mta-sts.example.org"));
  EXPECT_EQ(find(plan, "change.sts-id-unchanged")->fix,
            "_mta-sts.example.org. TXT \"v=STSv1; id=20261121100000;\"");
  EXPECT_THAT(asked_of(ChangeWorld(kA + sts, kA + "_mta-sts TXT \"v=STSv1; id=2;\"\n")
                           .live_policy(kPolicyA)
                           .new_policy(kPolicyAB)
                           .run()),
              IsEmpty());
  EXPECT_THAT(asked_of(ChangeWorld(kA + sts, kA + sts).live_policy(kPolicyA).new_policy(kPolicyA).run()),
              IsEmpty());
}
TEST(ChangeStsId, a_host_that_the_policy_has_to_list_demands_another_id) {
  const std::string sts = "_mta-sts TXT \"v=STSv1; id=1;\"\n";
  EXPECT_THAT(asked_of(ChangeWorld(kA + sts, kB + sts).live_policy(kPolicyA).at(hours(24)).run()),
              Contains("error change.sts-id-unchanged _mta-sts.example.org"));
  EXPECT_THAT(asked_of(ChangeWorld(kA + sts, kB + sts).live_policy(kPolicyAB).at(hours(24)).run()),
              IsEmpty());
}

TEST(ChangeParts, of_spf_and_ids) {
  using namespace check::change;
  EXPECT_THAT(spf_terms_only_in("v=spf1 a MX -all", "v=spf1 mx ~all"), ElementsAre("a", "-all"));
  EXPECT_TRUE(spf_allows_more("v=spf1 a -all", "v=spf1 a mx -all"));
  EXPECT_FALSE(spf_allows_more("v=spf1 a mx -all", "v=spf1 a ?all"));
  EXPECT_TRUE(spf_allows_more("v=spf1 a -all", "v=spf1 redirect=_spf.example.net"));
  EXPECT_EQ(sts_id(Time{Millis{1'795'255'200'000}}), "20261121100000");
}
}  // namespace
}  // namespace waybill
