// The null MX, and what contradicts it.
#include "check/mx/mx.h"
#include "support/check_kit.h"

namespace waybill {
namespace {
using check::Level;
using test::CheckWorld;
using test::verdict;
using testing::HasSubstr;

std::string run(const check::Check& check, const std::string& zone) {
  return verdict(CheckWorld(zone).run(check));
}

TEST(MxNull, alone_it_is_worth_a_notice) {
  const auto ran = CheckWorld("@ MX 0 .").run(check::mx::null);
  EXPECT_EQ(
      verdict(ran),
      "notice example.org: its MX is \".\": the domain says that it takes no mail, and senders bounce it at "
      "once");
  EXPECT_EQ(ran.findings.at(0).about->data, dns::Data(dns::Mx{0, dns::Name()}));
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("example.org. MX 0 ."));
}
TEST(MxNull, hosts_are_fine_and_no_mx_is_left_out) {
  EXPECT_EQ(run(check::mx::null, "@ MX 10 a"), "fine");
  EXPECT_EQ(run(check::mx::null, "@ MX 0 .\n@ MX 10 a"), "fine");  // null_beside_others
  EXPECT_EQ(run(check::mx::null, "@ A 192.0.2.1"), "skipped: example.org has no MX record");
  EXPECT_EQ(verdict(CheckWorld("@ A 192.0.2.1")
                        .fails("example.org", dns::Type::mx, dns::Kind::bogus, "no key")
                        .run(check::mx::null)),
            "unknown MX of example.org: forged or broken (DNSSEC): no key");
}
TEST(MxNull, of_an_alias_the_record_at_its_end_is_named) {
  CheckWorld world("@ CNAME other.example.net.\nother.example.net. MX 0 .", "www.example.org");
  EXPECT_EQ(world.run(check::mx::null).findings.at(0).subject, "other.example.net");
}

TEST(MxNullBesideOthers, is_an_error_whatever_the_order) {
  for (const std::string zone : {"@ MX 0 .\n@ MX 10 a\n@ MX 20 b", "@ MX 10 a\n@ MX 20 b\n@ MX 30 ."}) {
    const auto ran = CheckWorld(zone).run(check::mx::null_beside_others);
    EXPECT_EQ(
        verdict(ran),
        "error example.org: a null MX (\".\") stands beside 2 MX hosts, first a.example.org; some senders "
        "bounce, some deliver");
    EXPECT_TRUE(std::get<dns::Mx>(*ran.findings.at(0).about->data).exchange.is_root());
  }
}
TEST(MxNullBesideOthers, several_null_records_are_only_odd) {
  EXPECT_EQ(run(check::mx::null_beside_others, "@ MX 0 .\n@ MX 10 ."),
            "warning example.org: 2 null MX records");
}
TEST(MxNullBesideOthers, either_alone_is_fine) {
  EXPECT_EQ(run(check::mx::null_beside_others, "@ MX 0 ."), "fine");
  EXPECT_EQ(run(check::mx::null_beside_others, "@ MX 10 a"), "fine");
  EXPECT_EQ(run(check::mx::null_beside_others, "@ TXT x"), "skipped: example.org has no MX record");
  EXPECT_EQ(
      CheckWorld("@ MX 0 .").fails("example.org", dns::Type::mx).run(check::mx::null_beside_others).state,
      check::State::unknown);
}

TEST(MxNullPreference, must_be_zero) {
  const auto ran = CheckWorld("@ MX 10 .").run(check::mx::null_preference);
  EXPECT_EQ(verdict(ran), "warning example.org: a null MX with preference 10");
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. MX 0 .");
  EXPECT_EQ(run(check::mx::null_preference, "@ MX 0 ."), "fine");
  EXPECT_EQ(run(check::mx::null_preference, "@ MX 10 a"), "skipped: example.org has no null MX");
  EXPECT_EQ(run(check::mx::null_preference, "@ A 192.0.2.1"), "skipped: example.org has no MX record");
  EXPECT_EQ(CheckWorld("@ MX 0 .").fails("example.org", dns::Type::mx).run(check::mx::null_preference).state,
            check::State::unknown);
}

TEST(MxNullButSends, an_spf_record_that_lets_somebody_send_is_a_warning) {
  const auto ran = CheckWorld("@ MX 0 .\n@ TXT \"v=spf1 ip4:192.0.2.1 -all\"").run(check::mx::null_but_sends);
  EXPECT_EQ(
      verdict(ran),
      "warning example.org: it takes no mail (null MX), yet its SPF record lets it be sent from: v=spf1 "
      "ip4:192.0.2.1 -all");
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("v=spf1 -all"));
  for (const std::string spf : {"v=spf1 ~all", "v=spf1 include:_spf.example.net -all", "v=spf1",
                                "v=spf1 +all", "V=SPF1 a:b=c.example -all"}) {
    EXPECT_EQ(CheckWorld("@ MX 0 .\n@ TXT \"" + spf + "\"").run(check::mx::null_but_sends).state,
              check::State::findings)
        << spf;
  }
}
TEST(MxNullButSends, nobody_who_sends_is_fine) {
  for (const std::string spf : {"v=spf1 -all", "v=spf1  -ALL", "v=spf1 exp=why.example.org -all",
                                "v=spf1 -all ip4:192.0.2.1", "V=spf1 -all"}) {
    EXPECT_EQ(run(check::mx::null_but_sends, "@ MX 0 .\n@ TXT \"" + spf + "\""), "fine") << spf;
  }
}
TEST(MxNullButSends, redirections_are_followed_but_not_without_end) {
  EXPECT_EQ(run(check::mx::null_but_sends,
                "@ MX 0 .\n@ TXT \"v=spf1 redirect=s.example.org\"\ns TXT \"v=spf1 -all\""),
            "fine");
  EXPECT_EQ(CheckWorld("@ MX 0 .\n@ TXT \"v=spf1 redirect=s.example.org\"\ns TXT \"v=spf1 mx -all\"")
                .run(check::mx::null_but_sends)
                .state,
            check::State::findings);
  for (const std::string target : {"example.org", "gone.example.net", "%{d}.example.org"}) {
    EXPECT_EQ(run(check::mx::null_but_sends, "@ MX 0 .\n@ TXT \"v=spf1 redirect=" + target + "\""),
              "skipped: the SPF record of example.org doesn't say whether it sends")
        << target;
  }
  EXPECT_EQ(verdict(CheckWorld("@ MX 0 .\n@ TXT \"v=spf1 redirect=s.example.org\"")
                        .fails("s.example.org", dns::Type::txt)
                        .run(check::mx::null_but_sends)),
            "unknown TXT of s.example.org: no answer: SERVFAIL from 192.0.2.53");
}
TEST(MxNullButSends, a_sender_that_was_named_counts_more_than_the_record) {
  CheckWorld world("@ MX 0 .\n@ TXT \"v=spf1 -all\"");
  world.subject().sends_from.push_back(IpAddress::parse("192.0.2.9").value());
  EXPECT_EQ(verdict(world.run(check::mx::null_but_sends)),
            "warning example.org: it takes no mail (null MX), yet 192.0.2.9 sends for it");
}
TEST(MxNullButSends, left_out_where_there_is_nothing_to_judge) {
  EXPECT_EQ(run(check::mx::null_but_sends, "@ MX 0 ."),
            "skipped: example.org has no SPF record that says whether it sends");
  EXPECT_EQ(run(check::mx::null_but_sends, "@ MX 0 .\n@ TXT \"v=spf1 -all\"\n@ TXT \"v=spf1 a -all\""),
            "skipped: the SPF record of example.org doesn't say whether it sends");
  EXPECT_EQ(run(check::mx::null_but_sends, "@ MX 10 a"),
            "skipped: example.org takes mail: it has no null MX alone");
  EXPECT_EQ(CheckWorld("@ MX 0 .").fails("example.org", dns::Type::txt).run(check::mx::null_but_sends).state,
            check::State::unknown);
}

constexpr const char* kParkedSpf = "@ TXT \"v=spf1 -all\"\n";
TEST(MxParked, all_that_keeps_a_parked_domain_from_abuse_and_still_an_mx) {
  const std::string zone = std::string("@ MX 10 mx.example.net.\n") + kParkedSpf;
  const auto ran =
      CheckWorld(zone + "_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:a@example.net\"").run(check::mx::parked);
  EXPECT_EQ(
      verdict(ran),
      "warning example.org: nobody may send for it (SPF -all, DMARC p=reject), as for a parked domain, yet "
      "mx.example.net takes its mail");
  EXPECT_THAT(verdict(CheckWorld(zone + "*._domainkey TXT \"v=DKIM1; p=\"").run(check::mx::parked)),
              HasSubstr("all DKIM keys revoked"));
}
TEST(MxParked, a_domain_that_only_receives_or_sends_is_fine) {
  const std::string mx = "@ MX 10 a\n";
  EXPECT_EQ(run(check::mx::parked, mx + kParkedSpf), "fine");
  EXPECT_EQ(run(check::mx::parked, mx + kParkedSpf + "_dmarc TXT \"v=DMARC1; p=none; sp=reject\""), "fine");
  EXPECT_EQ(run(check::mx::parked, mx + kParkedSpf + "*._domainkey TXT \"v=DKIM1; p=abcd\""), "fine");
  EXPECT_EQ(run(check::mx::parked, mx + "@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject\""),
            "fine");
  EXPECT_EQ(run(check::mx::parked, mx), "fine");
}
TEST(MxParked, left_out_and_unknown) {
  EXPECT_EQ(run(check::mx::parked, "@ MX 0 ."), "skipped: example.org takes no mail (null MX)");
  EXPECT_EQ(run(check::mx::parked, "@ A 192.0.2.1"), "skipped: example.org has no MX record");
  const std::string zone = std::string("@ MX 10 a\n") + kParkedSpf;
  EXPECT_EQ(verdict(CheckWorld(zone).fails("_dmarc.example.org", dns::Type::txt).run(check::mx::parked)),
            "unknown TXT of _dmarc.example.org: no answer: SERVFAIL from 192.0.2.53");
  // One sign is enough; the other's failure is of no matter then.
  EXPECT_EQ(CheckWorld(zone + "*._domainkey TXT \"v=DKIM1; p=\"")
                .fails("_dmarc.example.org", dns::Type::txt)
                .run(check::mx::parked)
                .findings.size(),
            1U);
  EXPECT_EQ(CheckWorld(zone).fails("example.org", dns::Type::txt).run(check::mx::parked).state,
            check::State::unknown);
}
}  // namespace
}  // namespace waybill
