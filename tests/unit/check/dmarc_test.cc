#include "check/dmarc/dmarc.h"

#include "support/check_kit.h"

namespace waybill {
namespace {
using check::Level;
using check::State;
using test::CheckWorld;
using test::lines_of;
using test::verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A world whose domain has the record "v=DMARC1; …".
CheckWorld with(const std::string& tags, const std::string& zone = "") {
  return CheckWorld("_dmarc TXT \"v=DMARC1; " + tags + "\"\n" + zone);
}
std::string of(const check::Check& check, const std::string& tags, const std::string& zone = "") {
  return verdict(with(tags, zone).run(check));
}

TEST(DmarcNone, a_record_of_the_domain_or_above_is_fine) {
  EXPECT_EQ(of(check::dmarc::none, "p=reject"), "fine");
  auto sub = CheckWorld("@ A 192.0.2.1\n_dmarc.example.org. TXT \"v=DMARC1; p=reject\"", "sub.example.org");
  EXPECT_EQ(verdict(sub.run(check::dmarc::none)), "fine");
}
TEST(DmarcNone, none_is_a_warning_with_what_to_publish) {
  const auto ran = CheckWorld("@ A 192.0.2.1").run(check::dmarc::none);
  EXPECT_EQ(verdict(ran), "warning example.org: no DMARC record at _dmarc.example.org or above");
  EXPECT_THAT(ran.findings.at(0).fix,
              StartsWith("_dmarc.example.org. TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.org\""));
  EXPECT_EQ(CheckWorld("@ TXT \"v=spf1 -all\"").run(check::dmarc::none).findings.at(0).fix,
            "_dmarc.example.org. TXT \"v=DMARC1; p=reject\"");
  EXPECT_THAT(verdict(CheckWorld("_dmarc TXT \"v=DMARC; p=reject\"").run(check::dmarc::none)),
              HasSubstr("no receiver takes for DMARC"));
}
TEST(DmarcNone, a_failure_anywhere_on_the_way_is_unknown) {
  EXPECT_EQ(
      CheckWorld("@ A 192.0.2.1").fails("_dmarc.example.org", dns::Type::txt).run(check::dmarc::none).state,
      State::unknown);
  EXPECT_EQ(CheckWorld("@ A 192.0.2.1").fails("_dmarc.org", dns::Type::txt).run(check::dmarc::none).state,
            State::unknown);
  auto own = with("p=reject");
  EXPECT_EQ(verdict(own.fails("_dmarc.org", dns::Type::txt).run(check::dmarc::none)),
            "fine");  // settled already
}

TEST(DmarcSeveral, both_are_shown) {
  EXPECT_EQ(verdict(CheckWorld("_dmarc TXT \"v=DMARC1; p=none\"\n_dmarc TXT \"v=DMARC1; p=reject\"")
                        .run(check::dmarc::several)),
            "error _dmarc.example.org: 2 DMARC records, so all are discarded: \"v=DMARC1; p=none\" and "
            "\"v=DMARC1; p=reject\"");
  EXPECT_EQ(of(check::dmarc::several, "p=none", "_dmarc TXT \"other\""), "fine");
}

TEST(DmarcTxtAndCname, both_at_one_name) {
  EXPECT_EQ(verdict(CheckWorld("_dmarc CNAME d.example.net.\n_dmarc TXT \"v=DMARC1; p=none\"")
                        .run(check::dmarc::txt_and_cname)),
            "error _dmarc.example.org: a CNAME to d.example.net and a TXT record beside it");
  EXPECT_EQ(
      verdict(CheckWorld("_dmarc CNAME d\nd TXT \"v=DMARC1; p=none\"").run(check::dmarc::txt_and_cname)),
      "fine");
  EXPECT_EQ(of(check::dmarc::txt_and_cname, "p=none"), "fine");
}

TEST(DmarcPolicyNone, none_and_testing_are_notices) {
  EXPECT_EQ(of(check::dmarc::policy_none, "p=quarantine"), "fine");
  const auto ran = with("p=none; rua=mailto:a@example.org").run(check::dmarc::policy_none);
  EXPECT_EQ(verdict(ran), "notice example.org: p=none: forged mail is delivered like any other");
  EXPECT_EQ(ran.findings.at(0).fix,
            "_dmarc.example.org. TXT \"v=DMARC1; p=quarantine; rua=mailto:a@example.org\"");
  EXPECT_THAT(of(check::dmarc::policy_none, "rua=mailto:a@example.org"),
              HasSubstr("no p=, which counts as p=none"));
  EXPECT_EQ(of(check::dmarc::policy_none, "p=reject; t=y"),
            "notice example.org: t=y: receivers treat reject as quarantine");
  EXPECT_EQ(with("p=none", "@ TXT \"v=spf1 -all\"").run(check::dmarc::policy_none).findings.at(0).fix,
            "_dmarc.example.org. TXT \"v=DMARC1; p=reject\"");
}
TEST(DmarcPolicyNone, a_record_above_speaks_by_sp) {
  auto sub =
      CheckWorld("@ A 192.0.2.1\n_dmarc.example.org. TXT \"v=DMARC1; p=reject; sp=none\"", "sub.example.org");
  EXPECT_EQ(
      verdict(sub.run(check::dmarc::policy_none)),
      "notice sub.example.org: sp=none (the record of example.org): forged mail is delivered like any other");
}

TEST(DmarcWeakerForSubdomains, sp_and_np_are_measured_against_p) {
  EXPECT_EQ(of(check::dmarc::weaker_for_subdomains, "p=reject"), "fine");
  EXPECT_EQ(of(check::dmarc::weaker_for_subdomains, "p=none; sp=reject; np=reject"), "fine");
  EXPECT_EQ(
      of(check::dmarc::weaker_for_subdomains, "p=reject; sp=none"),
      "warning example.org: sp=none beside p=reject: subdomains of the domain are less protected than it");
  EXPECT_THAT(of(check::dmarc::weaker_for_subdomains, "p=reject; np=quarantine"),
              StartsWith("warning example.org: np=quarantine beside p=reject"));
  EXPECT_THAT(lines_of(with("p=reject; sp=none; np=none").run(check::dmarc::weaker_for_subdomains)),
              testing::SizeIs(1));
  EXPECT_EQ(CheckWorld("@ A 192.0.2.1\n_dmarc TXT \"v=DMARC1; p=reject; sp=none\"\n_dmarc.example.org. TXT "
                       "\"v=DMARC1; p=reject\"",
                       "sub.example.org")
                .run(check::dmarc::weaker_for_subdomains)
                .state,
            State::skipped);
}

TEST(DmarcWeakerForSubdomains, what_can_not_be_asked_above_counts_only_where_something_is_weaker) {
  auto strong = with("p=reject; sp=reject");
  EXPECT_EQ(verdict(strong.fails("_dmarc.org", dns::Type::txt).run(check::dmarc::weaker_for_subdomains)),
            "fine");
  auto weak = with("p=reject; sp=none");
  EXPECT_EQ(weak.fails("_dmarc.org", dns::Type::txt).run(check::dmarc::weaker_for_subdomains).state,
            State::unknown);
}

TEST(DmarcNoReports, an_address_is_wanted_unless_nothing_is_ever_sent) {
  EXPECT_EQ(of(check::dmarc::no_reports, "p=none; rua=mailto:a@example.org"), "fine");
  const auto ran = with("p=none").run(check::dmarc::no_reports);
  EXPECT_EQ(ran.findings.at(0).level, Level::notice);
  EXPECT_EQ(ran.findings.at(0).fix,
            "_dmarc.example.org. TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.org\"");
  EXPECT_THAT(of(check::dmarc::no_reports, "p=reject", "@ TXT \"v=spf1 -all\""),
              StartsWith("skipped: the domain never sends"));
}

TEST(DmarcForeignReportsUnauthorised, the_other_domain_must_agree) {
  EXPECT_EQ(of(check::dmarc::foreign_reports_unauthorised,
               "p=none; rua=mailto:a@example.org,mailto:b@mail.example.org"),
            "fine");
  EXPECT_EQ(of(check::dmarc::foreign_reports_unauthorised, "p=none; rua=mailto:a@example.net"),
            "error example.net: rua= sends reports to a@example.net, but there is no "
            "'example.org._report._dmarc.example.net' that allows it");
  EXPECT_EQ(of(check::dmarc::foreign_reports_unauthorised,
               "p=none; rua=mailto:a@reports.example.org; ruf=mailto:a@example.net",
               "example.org._report._dmarc.example.net. TXT \"v=DMARC1;\""),
            "fine");
  auto failing = with("p=none; rua=mailto:a@example.net");
  failing.fails("example.org._report._dmarc.example.net", dns::Type::txt);
  EXPECT_EQ(failing.run(check::dmarc::foreign_reports_unauthorised).state, State::unknown);
}

TEST(DmarcUnknownTags, slips_removed_tags_and_bad_values) {
  EXPECT_EQ(of(check::dmarc::unknown_tags,
               "p=reject; sp=none; np=none; t=n; psd=u; adkim=r; aspf=s; fo=1; rua=mailto:a@example.org"),
            "fine");
  EXPECT_THAT(
      lines_of(with("p=rejct; pct=50; foo=1; fo=9").run(check::dmarc::unknown_tags)),
      ElementsAre("error example.org: p is 'rejct', and means something only as none, quarantine, reject",
                  StartsWith("warning example.org: fo holds '9'"), HasSubstr("none of that name: foo"),
                  "notice example.org: tags of the former DMARC that are ignored now: pct"));
  EXPECT_EQ(with("p=none; pct=50").run(check::dmarc::unknown_tags).findings.at(0).fix,
            "_dmarc.example.org. TXT \"v=DMARC1; p=none;\"");
}
}  // namespace
}  // namespace waybill
