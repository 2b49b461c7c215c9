#include "check/domain/domain.h"

#include "support/check_kit.h"

namespace waybill {
namespace {
using test::CheckWorld;
using test::verdict;
using testing::AllOf;
using testing::HasSubstr;
namespace domain = check::domain;

TEST(DomainCname, an_alias_at_the_mail_domain_is_an_error) {
  EXPECT_EQ(
      verdict(CheckWorld("@ CNAME host.example.net.\n$ORIGIN example.net.\nhost MX 10 a").run(domain::cname)),
      "error example.org: it is an alias (CNAME) of host.example.net, whose MX, SPF and TXT records stand "
      "for it");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a").run(domain::cname)), "fine");
}
TEST(DomainCname, an_alias_in_a_circle_is_one_too_and_no_answer_is_unknown) {
  EXPECT_THAT(verdict(CheckWorld("@ CNAME a\na CNAME @").run(domain::cname)),
              HasSubstr("error example.org: it is an alias (CNAME) that leads nowhere"));
  EXPECT_EQ(CheckWorld("@ MX 10 a").fails("example.org", dns::Type::mx).run(domain::cname).state,
            check::State::unknown);
}

TEST(DomainWildcard, services_that_it_answers_for_are_named) {
  const auto ran = CheckWorld("@ MX 10 a\n* TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"")
                       .run(domain::wildcard);
  EXPECT_EQ(
      verdict(ran),
      "warning _mta-sts.example.org: the wildcard *.example.org answers for it with \"v=spf1 mx -all\"\n"
      "warning _smtp._tls.example.org: the wildcard *.example.org answers for it with \"v=spf1 mx -all\"");
}
TEST(DomainWildcard, mail_for_every_name_is_worth_knowing_unless_refused) {
  EXPECT_THAT(verdict(CheckWorld("* MX 10 a\na A 192.0.2.1").run(domain::wildcard)),
              HasSubstr("notice *.example.org: the wildcard sends mail for every name"));
  EXPECT_THAT(verdict(CheckWorld("* A 192.0.2.1").run(domain::wildcard)),
              HasSubstr("notice *.example.org: the wildcard gives every name the address 192.0.2.1"));
  EXPECT_EQ(verdict(CheckWorld("* MX 0 .\n* A 192.0.2.1").run(domain::wildcard)), "fine");
}
TEST(DomainWildcard, without_one_all_is_fine_and_a_failure_is_unknown) {
  EXPECT_EQ(verdict(CheckWorld("_dmarc TXT \"v=DMARC1; p=none\"").run(domain::wildcard)), "fine");
  const auto ran = CheckWorld("* TXT x").fails("_dmarc.example.org", dns::Type::txt).run(domain::wildcard);
  EXPECT_THAT(verdict(ran), HasSubstr("unknown TXT of _dmarc.example.org"));
}

TEST(DomainSpoofable, a_subdomain_under_a_weak_policy_is_named) {
  const auto ran = CheckWorld(
                       "_dmarc TXT \"v=DMARC1; p=reject; sp=none\"\nwww A 192.0.2.1\nmail A 192.0.2.2\nmail "
                       "TXT \"v=spf1 -all\"")
                       .run(domain::spoofable_subdomain);
  EXPECT_EQ(verdict(ran),
            "warning www.example.org: anybody can send as www.example.org: no SPF there, and DMARC at "
            "_dmarc.example.org asks for none there");
}
TEST(DomainSpoofable, a_strict_policy_covers_all_names) {
  EXPECT_EQ(
      verdict(
          CheckWorld("_dmarc TXT \"v=DMARC1; p=reject\"\nwww A 192.0.2.1").run(domain::spoofable_subdomain)),
      "fine");
  EXPECT_EQ(verdict(CheckWorld("_dmarc TXT \"v=DMARC1; p=none; sp=quarantine\"\nwww A 192.0.2.1")
                        .run(domain::spoofable_subdomain)),
            "fine");
}
TEST(DomainSpoofable, a_policy_of_its_own_or_spf_covers_a_name) {
  EXPECT_EQ(verdict(CheckWorld(
                        "www A 192.0.2.1\n_dmarc.www TXT \"v=DMARC1; p=reject\"\nmail TXT \"v=spf1 mx -all\"")
                        .run(domain::spoofable_subdomain)),
            "fine");
}
TEST(DomainSpoofable, the_zone_s_own_names_are_looked_at_and_the_record_above_counts) {
  CheckWorld world("www A 192.0.2.1\nweb7 A 192.0.2.7\n_25._tcp.web7 TXT x");
  world.subject().subdomains = {dns::Name::parse("web7.example.org").value(),
                                dns::Name::parse("_25._tcp.web7.example.org").value()};
  EXPECT_THAT(
      verdict(world.run(domain::spoofable_subdomain)),
      HasSubstr("anybody can send as www.example.org, web7.example.org: no SPF there, and no DMARC record"));
  EXPECT_EQ(verdict(CheckWorld("www A 192.0.2.1\n$ORIGIN example.org.\n_dmarc TXT \"v=DMARC1; p=reject\"",
                               "sub.example.org")
                        .run(domain::spoofable_subdomain)),
            "fine");
}
TEST(DomainSpoofable, what_can_not_be_looked_up_is_unknown) {
  const auto ran = CheckWorld("www A 192.0.2.1")
                       .fails("_dmarc.example.org", dns::Type::txt)
                       .run(domain::spoofable_subdomain);
  EXPECT_EQ(ran.state, check::State::unknown);
}

TEST(DomainDoubledName, the_missing_dot_is_found_and_mended) {
  const auto ran =
      CheckWorld("@ MX 10 mail.example.org\n@ NS ns\nmail A 192.0.2.1\nmta-sts CNAME sts.example.org")
          .run(domain::doubled_name);
  EXPECT_EQ(
      verdict(ran),
      "error example.org: its MX names mail.example.org.example.org: the domain's name stands there twice\n"
      "error mta-sts.example.org: its CNAME names sts.example.org.example.org: the domain's name stands "
      "there "
      "twice");
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. MX 10 mail.example.org.");
  EXPECT_EQ(ran.findings.at(1).fix, "mta-sts.example.org. CNAME sts.example.org.");
  EXPECT_EQ(ran.findings.at(0).about->type, dns::Type::mx);
}
TEST(DomainDoubledName, whole_names_are_fine_and_a_failure_is_unknown) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 mail\n@ NS ns.example.net.").run(domain::doubled_name)), "fine");
  EXPECT_EQ(CheckWorld("@ MX 10 a").fails("example.org", dns::Type::mx).run(domain::doubled_name).state,
            check::State::unknown);
}

TEST(DomainLargeMxAnswer, is_measured_with_its_addresses) {
  std::string zone;
  for (int i = 0; i < 20; ++i) {
    zone += fmt::format("@ MX 10 host-with-a-long-name-{0}.cluster-{0}.mail\n", i);
    zone += fmt::format("host-with-a-long-name-{0}.cluster-{0}.mail A 192.0.2.{1}\n", i, i + 1);
    zone += fmt::format("host-with-a-long-name-{0}.cluster-{0}.mail AAAA 2001:db8::{1}\n", i, i + 1);
  }
  const auto ran = CheckWorld(zone).run(domain::large_mx_answer);
  // 12 header, 17 question, 11 OPT; an MX is 2+10+2 and its name 24+11(+1)+…; each address 16 or 28.
  EXPECT_THAT(verdict(ran),
              AllOf(HasSubstr("notice example.org: the MX answer takes "), HasSubstr("its 40 addresses")));
  EXPECT_EQ(
      verdict(CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2").run(domain::large_mx_answer)),
      "fine");
  EXPECT_EQ(verdict(CheckWorld("@ MX 0 .").run(domain::large_mx_answer)), "fine");
}
TEST(DomainLargeMxAnswer, shared_endings_are_compressed) {
  // Uncompressed 30 hosts would take 30 × (2+10+2+15) octets and 30 × 31 more: 1,800; compressed it is below.
  std::string zone;
  for (int i = 0; i < 30; ++i) zone += fmt::format("@ MX 10 m{0}\nm{0} A 192.0.2.{1}\n", i, i + 1);
  EXPECT_EQ(verdict(CheckWorld(zone).run(domain::large_mx_answer)), "fine");
}
}  // namespace
}  // namespace waybill
