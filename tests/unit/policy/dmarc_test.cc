#include <gmock/gmock.h>

#include "policy/dmarc_discovery.h"
#include "support/facts_kit.h"

namespace waybill::policy {
namespace {
using test::FactsKit;
using testing::ElementsAre;
using testing::HasSubstr;

DmarcDiscovery discover(FactsKit world, const std::string& domain = "example.org") {
  const auto name = dns::Name::parse(domain).value();
  return world.run<DmarcDiscovery>([&](const dns::Facts& facts) { return discover_dmarc(name, facts); });
}
std::vector<std::string> names(const std::vector<dns::Name>& all) {
  std::vector<std::string> out;
  for (const dns::Name& name : all) out.push_back(name.to_string());
  return out;
}

TEST(DmarcRecord, all_tags_of_rfc_9989_are_read) {
  const DmarcRecord record = parse_dmarc(
      "v=DMARC1; p=Reject; sp=quarantine; np=none; t=y; psd=n; adkim=s; aspf=r; fo=1:d:s; "
      "rua=mailto:a@example.net!10m, mailto:b@example.org; ruf=mailto:c@example.org?subject=x");
  EXPECT_TRUE(record.faults.empty());
  EXPECT_EQ(record.p, DmarcPolicy::reject);
  EXPECT_EQ(record.sp, DmarcPolicy::quarantine);
  EXPECT_EQ(record.np, DmarcPolicy::none);
  EXPECT_EQ(record.psd, DmarcPsd::no);
  ASSERT_EQ(record.rua.size(), 2U);
  EXPECT_EQ(record.rua[0].address, "a@example.net");
  EXPECT_EQ(record.rua[1].domain->to_string(), "example.org");
  EXPECT_EQ(record.ruf.size(), 1U);
}
TEST(DmarcRecord, unknown_removed_and_senseless_are_told_apart) {
  const DmarcRecord record =
      parse_dmarc("v=DMARC1; p=rejct; pct=50; rf=afrf; ri=1; foo=bar; rua=x@example.org; t=maybe; oops");
  EXPECT_EQ(record.removed.size(), 3U);
  EXPECT_EQ(record.unknown.size(), 1U);
  ASSERT_EQ(record.faults.size(), 4U);
  EXPECT_EQ(record.faults[1].what, "p is 'rejct', and means something only as none, quarantine, reject");
  EXPECT_EQ(record.policy(), std::nullopt);
}
TEST(DmarcTexts, the_version_comes_first_and_by_case) {
  dns::Answer answer{.kind = dns::Kind::present};
  for (const char* text : {"v=DMARC1", "v = DMARC1 ;p=none", "v=dmarc1; p=none", "p=none; v=DMARC1",
                           "v=DMARC10; p=none", "v=spf1 -all"})
    answer.records.push_back({{}, dns::Type::txt, 300, dns::Txt{{text}}});
  const DmarcTexts texts = dmarc_texts(answer);
  EXPECT_THAT(texts.texts, ElementsAre("v=DMARC1", "v = DMARC1 ;p=none"));
  EXPECT_EQ(texts.nearly.size(), 3U);
}

// RFC 9989 4.10
TEST(DmarcConformance, rfc_131_several_records_are_none_and_the_parent_does_not_stand_in) {
  const auto found =
      discover(FactsKit("_dmarc.sub TXT \"v=DMARC1; p=none\"\n_dmarc.sub TXT \"v=DMARC1; p=reject\"\n"
                        "_dmarc TXT \"v=DMARC1; p=reject\""),
               "sub.example.org");
  EXPECT_EQ(found.several, 2U);
  EXPECT_FALSE(found.at);
  EXPECT_FALSE(found.policy);
}
TEST(DmarcConformance, rfc_132_a_long_name_is_walked_in_eight_queries) {
  const auto walk = dmarc_walk(dns::Name::parse("a.b.c.d.e.f.g.h.i.j.mail.example.com").value());
  EXPECT_THAT(names(walk), ElementsAre("a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com",
                                       "h.i.j.mail.example.com", "i.j.mail.example.com", "j.mail.example.com",
                                       "mail.example.com", "example.com", "com"));
  EXPECT_THAT(names(dmarc_walk(dns::Name::parse("a.example.com").value())),
              ElementsAre("a.example.com", "example.com", "com"));
  EXPECT_EQ(dmarc_walk(dns::Name::parse("a.b.c.d.e.f.example.com").value()).size(), 8U);
  EXPECT_EQ(dmarc_walk(dns::Name{}).size(), 1U);
}
// RFC 9989 4.10.2
TEST(DmarcConformance, rfc_133_psd_decides_where_the_organisation_begins) {
  EXPECT_EQ(
      discover(FactsKit("_dmarc.sub TXT \"v=DMARC1; p=none; psd=n\"\n_dmarc TXT \"v=DMARC1; p=reject\""),
               "a.sub.example.org")
          .organisational.to_string(),
      "sub.example.org");
  EXPECT_EQ(discover(FactsKit("_dmarc TXT \"v=DMARC1; p=reject; psd=y\""), "a.sub.example.org")
                .organisational.to_string(),
            "sub.example.org");
  // Otherwise the highest record is the organisation's.
  EXPECT_EQ(discover(FactsKit("_dmarc.sub TXT \"v=DMARC1; p=none\"\n_dmarc TXT \"v=DMARC1; p=reject\""),
                     "a.sub.example.org")
                .organisational.to_string(),
            "example.org");
}
TEST(DmarcDiscovery, a_public_suffix_speaks_for_those_who_say_nothing) {
  const auto found =
      discover(FactsKit("_dmarc TXT \"v=DMARC1; p=reject; psd=y\"\na.sub A 192.0.2.1"), "a.sub.example.org");
  EXPECT_EQ(found.at->to_string(), "example.org");
  EXPECT_EQ(found.policy, DmarcPolicy::reject);
}
// RFC 9989 4.10.1
TEST(DmarcConformance, rfc_134_np_is_for_domains_that_do_not_exist_and_sp_for_the_others) {
  const FactsKit world("_dmarc TXT \"v=DMARC1; p=reject; sp=quarantine; np=none\"\nthere A 192.0.2.1");
  EXPECT_EQ(discover(world, "there.example.org").policy, DmarcPolicy::quarantine);
  EXPECT_EQ(discover(world, "gone.example.org").policy, DmarcPolicy::none);
  EXPECT_EQ(discover(world).policy, DmarcPolicy::reject);
}
// RFC 9989 4.7
TEST(DmarcConformance, rfc_135_t_asks_for_a_step_less_and_pct_is_ignored) {
  EXPECT_EQ(while_testing(DmarcPolicy::reject), DmarcPolicy::quarantine);
  EXPECT_EQ(while_testing(DmarcPolicy::quarantine), DmarcPolicy::none);
  EXPECT_EQ(while_testing(DmarcPolicy::none), DmarcPolicy::none);
  EXPECT_TRUE(parse_dmarc("v=DMARC1; p=reject; t=y").testing);
  EXPECT_EQ(parse_dmarc("v=DMARC1; p=reject; pct=0").policy(), DmarcPolicy::reject);
}
// RFC 9989 4.7
TEST(DmarcConformance, rfc_139_without_p_a_usable_rua_makes_it_p_none) {
  EXPECT_EQ(parse_dmarc("v=DMARC1; rua=mailto:a@example.org").policy(), DmarcPolicy::none);
  EXPECT_EQ(parse_dmarc("v=DMARC1; rua=a@example.org").policy(), std::nullopt);
  EXPECT_EQ(parse_dmarc("v=DMARC1").policy(), std::nullopt);
}
TEST(DmarcDiscovery, a_failure_on_the_way_is_never_an_absence) {
  const auto found = discover(FactsKit("").fails("_dmarc.example.org", dns::Type::txt), "sub.example.org");
  ASSERT_TRUE(found.unknown);
  EXPECT_EQ(found.unknown->name.to_string(), "_dmarc.example.org");
  EXPECT_FALSE(found.at);
}
}  // namespace
}  // namespace waybill::policy
