#include "check/redundancy/redundancy.h"

#include "support/check_kit.h"

namespace waybill {
namespace {
using test::CheckWorld;
using test::verdict;
using testing::AllOf;
using testing::HasSubstr;
namespace redundancy = check::redundancy;

dns::Name name(const std::string& text) { return dns::Name::parse(text).value(); }

TEST(RedundancyOneNetwork, equals_in_one_network_are_named) {
  const auto ran =
      CheckWorld("@ MX 10 a\n@ MX 10 b\n@ MX 20 c\na A 192.0.2.1\nb A 192.0.2.200\nc A 192.0.2.3")
          .run(redundancy::one_network);
  EXPECT_EQ(verdict(ran),
            "warning 192.0.2.0/24: all 2 hosts of preference 10 stand in this network: "
            "a.example.org, b.example.org");
}
TEST(RedundancyOneNetwork, a_backup_in_the_same_network_is_no_equal) {
  EXPECT_EQ(
      verdict(CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2").run(redundancy::one_network)),
      "fine");
}
TEST(RedundancyOneNetwork, each_family_counts_by_itself) {
  const auto ran = CheckWorld(
                       "@ MX 10 a\n@ MX 10 b\na A 192.0.2.1\nb A 198.51.100.1\n"
                       "a AAAA 2001:db8:1::1\nb AAAA 2001:db8:1:ffff::2")
                       .run(redundancy::one_network);
  EXPECT_THAT(verdict(ran), HasSubstr("warning 2001:db8:1::/48: all 2 hosts"));
  EXPECT_EQ(ran.findings.size(), 1U);
}
TEST(RedundancyOneNetwork, one_host_elsewhere_is_enough_and_an_unknown_one_may_be_it) {
  const std::string zone = "@ MX 10 a\n@ MX 10 b\n@ MX 10 c\na A 192.0.2.1\nb A 192.0.2.2\nc A 198.51.100.1";
  EXPECT_EQ(verdict(CheckWorld(zone).run(redundancy::one_network)), "fine");
  const auto ran = CheckWorld(zone).fails("c.example.org", dns::Type::a).run(redundancy::one_network);
  EXPECT_EQ(ran.state, check::State::unknown);
}
TEST(RedundancyOneNetwork, without_an_mx_host_there_is_nothing_to_judge) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 0 .").run(redundancy::one_network)),
            "skipped: example.org has no MX host");
}

TEST(RedundancyOneZone, all_names_in_the_domain_s_own_zone) {
  const auto ran = CheckWorld("@ NS ns\nns A 192.0.2.53\n@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2")
                       .run(redundancy::one_zone);
  EXPECT_EQ(verdict(ran),
            "notice example.org: all 2 MX names stand in this one zone, the domain's own, served by "
            "ns.example.org");
}
TEST(RedundancyOneZone, two_zones_with_one_set_of_servers_are_one_failure) {
  const std::string zone =
      "@ NS ns.example.com.\n@ MX 10 a\n@ MX 20 b.example.net.\na A 192.0.2.1\n$ORIGIN example.net.\n";
  const auto ran = CheckWorld(zone + "@ NS ns.example.com.\nb A 192.0.2.2").run(redundancy::one_zone);
  EXPECT_EQ(verdict(ran),
            "notice example.org: the zones of all 2 MX names have the same name servers: ns.example.com");
  EXPECT_EQ(verdict(CheckWorld(zone + "@ NS ns2.example.com.\nb A 192.0.2.2").run(redundancy::one_zone)),
            "fine");
}
TEST(RedundancyOneZone, one_host_has_no_second_name_and_a_failure_is_unknown) {
  EXPECT_EQ(verdict(CheckWorld("@ NS ns\n@ MX 10 a\na A 192.0.2.1").run(redundancy::one_zone)),
            "skipped: example.org has not two MX hosts");
  const auto ran = CheckWorld("@ NS ns\n@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2")
                       .fails("example.org", dns::Type::ns)
                       .run(redundancy::one_zone);
  EXPECT_EQ(ran.state, check::State::unknown);
}

TEST(RedundancyIpv6, at_one_preference_leaves_no_backup) {
  const auto ran = CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\na AAAA 2001:db8::1\nb A 192.0.2.2")
                       .run(redundancy::ipv6_at_one_preference);
  EXPECT_EQ(verdict(ran),
            "warning example.org: only preference 10 has IPv6: a sender with IPv6 alone has no other host");
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("b.example.org. AAAA"));
}
TEST(RedundancyIpv6, at_both_or_none_is_fine_and_at_one_preference_alone_there_is_nothing_to_judge) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\n@ MX 20 b\na AAAA 2001:db8::1\nb AAAA 2001:db8::2")
                        .run(redundancy::ipv6_at_one_preference)),
            "fine");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2")
                        .run(redundancy::ipv6_at_one_preference)),
            "fine");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na AAAA 2001:db8::1").run(redundancy::ipv6_at_one_preference)),
            "skipped: example.org has one preference only");
}
TEST(RedundancyIpv6, an_unknown_aaaa_is_not_a_missing_one) {
  const auto ran = CheckWorld("@ MX 10 a\n@ MX 20 b\na AAAA 2001:db8::1\nb A 192.0.2.2")
                       .fails("b.example.org", dns::Type::aaaa)
                       .run(redundancy::ipv6_at_one_preference);
  EXPECT_EQ(ran.state, check::State::unknown);
}

class RedundancyBackup : public testing::Test {
 protected:
  static std::string judge(const std::string& zone, const std::string& backup) {
    CheckWorld world(zone);
    world.subject().backups = {name(backup)};
    return verdict(world.run(redundancy::backup_not_listed));
  }
};
TEST_F(RedundancyBackup, behind_the_primaries_is_where_it_belongs) {
  EXPECT_EQ(judge("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2", "b.example.org"), "fine");
}
TEST_F(RedundancyBackup, one_that_the_mx_set_does_not_name_is_an_error_with_the_record_to_add) {
  CheckWorld world("@ MX 10 a\na A 192.0.2.1\nb A 192.0.2.2");
  world.subject().backups = {name("b.example.org")};
  const auto ran = world.run(redundancy::backup_not_listed);
  EXPECT_THAT(verdict(ran), HasSubstr("error b.example.org: it is not among the MX hosts of example.org"));
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. MX 20 b.example.org.");
}
TEST_F(RedundancyBackup, under_another_name_it_is_known_by_its_address) {
  EXPECT_THAT(judge("@ MX 10 a\n@ MX 20 c\na A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.2", "b.example.org"),
              HasSubstr("notice b.example.org: the MX names it c.example.org"));
}
TEST_F(RedundancyBackup, at_the_best_preference_it_is_a_primary) {
  EXPECT_THAT(judge("@ MX 20 a\n@ MX 10 b\na A 192.0.2.1\nb A 192.0.2.2", "b.example.org"),
              HasSubstr("warning b.example.org: it stands at the best preference, 10"));
}
TEST_F(RedundancyBackup, without_a_backup_given_it_is_left_out) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na A 192.0.2.1").run(redundancy::backup_not_listed)),
            "skipped: no --backup was given");
}

TEST(RedundancySpf, a_backup_that_the_domain_s_spf_refuses_is_a_warning) {
  const std::string hosts = "@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2\n";
  const auto spf = [&](const std::string& terms) {
    return CheckWorld(hosts + "@ TXT \"v=spf1 " + terms + "\"").run(redundancy::spf_rejects_backup);
  };
  EXPECT_EQ(
      verdict(spf("a:a.example.org -all")),
      "warning b.example.org: the SPF of example.org says fail for the backup's address 192.0.2.2 (by -all)");
  EXPECT_THAT(spf("a:a.example.org -all").findings.at(0).fix, HasSubstr("ip4:192.0.2.2"));
  EXPECT_THAT(verdict(spf("a:a.example.org ~all")), HasSubstr("notice b.example.org: "));
  EXPECT_EQ(verdict(spf("mx -all")), "fine");
}
TEST(RedundancySpf, without_spf_or_a_backup_there_is_nothing_to_judge) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2")
                        .run(redundancy::spf_rejects_backup)),
            "skipped: example.org has no SPF record");
  EXPECT_EQ(
      verdict(
          CheckWorld("@ MX 10 a\na A 192.0.2.1\n@ TXT \"v=spf1 -all\"").run(redundancy::spf_rejects_backup)),
      "skipped: example.org has no backup");
}
TEST(RedundancySpf, a_given_backup_is_judged_too_and_what_fails_is_unknown) {
  CheckWorld world("@ MX 10 a\na A 192.0.2.1\nb A 192.0.2.2\n@ TXT \"v=spf1 mx -all\"");
  world.subject().backups = {name("b.example.org")};
  EXPECT_THAT(verdict(world.run(redundancy::spf_rejects_backup)), HasSubstr("warning b.example.org"));
  world.fails("a.example.org", dns::Type::a);
  EXPECT_EQ(world.run(redundancy::spf_rejects_backup).state, check::State::unknown);
}

TEST(RedundancySingleFailure, a_lone_host_is_a_notice) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na A 192.0.2.1").run(redundancy::single_failure)),
            "notice a.example.org: if it fails, nobody takes the mail: senders keep it and try for days");
}
TEST(RedundancySingleFailure, a_backup_without_an_address_is_none) {
  const auto ran = CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb TXT x").run(redundancy::single_failure);
  EXPECT_THAT(
      verdict(ran),
      HasSubstr("warning a.example.org: if it fails, nobody takes the mail, though 2 hosts are listed"));
}
TEST(RedundancySingleFailure, two_names_of_one_machine_fail_together) {
  const auto ran =
      CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.1").run(redundancy::single_failure);
  EXPECT_THAT(verdict(ran), HasSubstr("warning a.example.org: if it fails, nobody takes the mail"));
  EXPECT_EQ(ran.findings.size(), 1U);
}
TEST(RedundancySingleFailure, a_whole_backup_is_fine) {
  EXPECT_EQ(
      verdict(
          CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2").run(redundancy::single_failure)),
      "fine");
}
TEST(RedundancySingleFailure, ipv6_that_only_one_host_has_is_lost_with_it) {
  const auto ran = CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\na AAAA 2001:db8::1\nb A 192.0.2.2")
                       .run(redundancy::single_failure);
  EXPECT_EQ(verdict(ran), "notice a.example.org: if it fails, b.example.org takes the mail, by IPv4 alone");
}
TEST(RedundancySingleFailure, dane_that_only_the_first_has_is_lost_with_it) {
  const std::string zone = "@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2\n_25._tcp.a TLSA 3 1 1 " +
                           std::string(64, 'a') + "\n";
  const auto lost = CheckWorld(zone).secure("example.org").run(redundancy::single_failure);
  EXPECT_THAT(verdict(lost), AllOf(HasSubstr("warning a.example.org: it is held to its TLSA records"),
                                   HasSubstr("b.example.org")));
  EXPECT_EQ(lost.findings.size(), 1U);
  EXPECT_EQ(lost.findings.at(0).ref, "RFC 7672 2.2");
  EXPECT_EQ(verdict(CheckWorld(zone + "_25._tcp.b TLSA 3 1 1 " + std::string(64, 'b'))
                        .secure("example.org")
                        .run(redundancy::single_failure)),
            "fine");
  EXPECT_EQ(verdict(CheckWorld(zone).run(redundancy::single_failure)), "fine") << "unsigned: no DANE to lose";
}
TEST(RedundancySingleFailure, what_can_not_be_looked_up_is_unknown) {
  const std::string zone = "@ MX 10 a\na A 192.0.2.1";
  EXPECT_EQ(CheckWorld(zone).fails("example.org", dns::Type::mx).run(redundancy::single_failure).state,
            check::State::unknown);
  EXPECT_EQ(CheckWorld(zone).fails("a.example.org", dns::Type::a).run(redundancy::single_failure).state,
            check::State::unknown);
  EXPECT_EQ(CheckWorld("@ MX 0 .").run(redundancy::single_failure).state, check::State::skipped);
}
}  // namespace
}  // namespace waybill
