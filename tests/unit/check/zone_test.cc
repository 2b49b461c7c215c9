#include "check/zone/zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace waybill::check {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Four lines: what follows begins in line 5.
constexpr const char* kHead =
    "$TTL 3600\n@ SOA ns hostmaster 1 7200 900 1209600 3600\n@ NS ns\nns A 192.0.2.53\n";

/// "error 5:6 mail.example.org: MX 10 names …", one a finding of that check.
std::vector<std::string> said(const ZoneCheck& check, const std::string& text,
                              const std::string& head = kHead,
                              const std::string& file_name = "example.org.zone") {
  const dns::ZoneFile file = dns::read_zone_text(head + text, file_name);
  const ZoneView view(file);
  std::vector<std::string> out;
  for (const Finding& finding : check_zone_file(view)) {
    EXPECT_TRUE(finding.where) << finding.id;
    EXPECT_FALSE(finding.got.empty() || finding.want.empty() || finding.fix.empty()) << finding.id;
    if (finding.id != check.id || !finding.where) continue;
    out.push_back(fmt::format("{} {}:{} {}: {}", to_string(finding.level), finding.where->line,
                              finding.where->column, finding.subject, finding.got));
  }
  return out;
}

TEST(ZoneCheckList, each_has_what_a_reader_needs) {
  std::vector<std::string_view> ids;
  for (const ZoneCheck* each : zone_checks()) {
    EXPECT_TRUE(each->id.starts_with("zone.")) << each->id;
    EXPECT_NE(each->run, nullptr);
    EXPECT_FALSE(each->title.empty());
    EXPECT_EQ(find_zone_check(each->id), each);
    EXPECT_THAT(ids, testing::Not(testing::Contains(each->id)));
    ids.push_back(each->id);
  }
  EXPECT_EQ(find_zone_check("zone.nonsense"), nullptr);
}

TEST(ZoneCheckList, each_has_a_page_with_its_title) {
  for (const ZoneCheck* each : zone_checks()) {
    std::ifstream in(fmt::format("{}/docs/checks/{}.md", WAYBILL_SOURCE_DIR, each->id));
    std::stringstream page;
    page << in.rdbuf();
    EXPECT_THAT(page.str(), testing::StartsWith(fmt::format("# {}\n\n**{}.**", each->id, each->title)));
  }
}

TEST(ZoneCheckList, a_good_zone_has_no_finding) {
  const dns::ZoneFile file = dns::read_zone_text(
      std::string(kHead) +
          "@ MX 10 mail\nmail A 192.0.2.1\nwww CNAME mail\nsub NS ns.sub\nns.sub A 192.0.2.2\n",
      "example.org.zone");
  EXPECT_THAT(check_zone_file(ZoneView(file)), IsEmpty());
}

TEST(ZoneSyntax, each_error_has_its_place) {
  EXPECT_THAT(said(zone::syntax, "a A 192.0.2.256\nb NOSUCH x\n"),
              ElementsAre("error 5:5 example.org: '192.0.2.256' is no IPv4 address",
                          "error 6:3 example.org: 'NOSUCH' is no record type"));
}
TEST(ZoneSyntax, what_may_be_in_an_unreadable_line_is_not_called_missing) {
  EXPECT_THAT(said(zone::target_no_address, "@ MX 10 mail\nmail A 192.0.2.256\n"), IsEmpty());
  EXPECT_THAT(said(zone::no_ns, "", "$TTL 60\n@ SOA ns host 1 7200 900 1209600 3600\n@ NS ns..x\n"),
              IsEmpty());
  EXPECT_THAT(said(zone::soa, "", "$TTL 60\n@ SOA ns host 1 7200\n@ NS ns\n"), IsEmpty());
}

TEST(ZoneSoa, one_at_the_origin) {
  EXPECT_THAT(said(zone::soa, "@ SOA ns hostmaster 2 7200 900 1209600 3600\n"),
              ElementsAre("error 5:1 example.org: a second SOA; the first stands in line 2"));
  EXPECT_THAT(said(zone::soa, "sub SOA ns hostmaster 2 7200 900 1209600 3600\n"),
              ElementsAre("error 5:1 sub.example.org: a SOA below the zone's origin example.org"));
  EXPECT_THAT(said(zone::soa, "a A 192.0.2.1\n", "$TTL 60\n"),
              ElementsAre("error 2:1 example.org: no SOA record: no name server loads this file as a zone"));
  EXPECT_THAT(said(zone::soa, "", "; nothing\n"),
              ElementsAre(HasSubstr("error 1:1 example.org: no SOA record")));
}

TEST(ZoneNoNs, is_an_error_at_the_soa) {
  EXPECT_THAT(
      said(zone::no_ns, "sub NS ns.elsewhere.test.\n", "$TTL 60\n@ SOA ns h 1 7200 900 1209600 3600\n"),
      ElementsAre("error 2:1 example.org: no NS record at the origin: name servers refuse such a zone"));
}

TEST(ZoneSoaTimers, bounds_hold_on_both_sides) {
  const auto with = [](const std::string& timers) {
    return said(zone::soa_timers, "", "$TTL 60\n@ SOA ns h 1 " + timers + "\n@ NS ns.test.\n");
  };
  EXPECT_THAT(with("1200 900 604800 60"), IsEmpty());
  EXPECT_THAT(with("86400 7200 3600000 86400"), IsEmpty());
  EXPECT_THAT(with("1199 900 604800 60"),
              ElementsAre("warning 2:1 example.org: the SOA's refresh is 1199 s"));
  EXPECT_THAT(with("86401 7200 3600000 86400"), ElementsAre(HasSubstr("refresh is 86401 s")));
  EXPECT_THAT(with("7200 179 604800 60"), ElementsAre(HasSubstr("retry is 179 s")));
  EXPECT_THAT(with("7200 900 604799 60"), ElementsAre(HasSubstr("expire is 604799 s")));
  EXPECT_THAT(with("7200 900 3600001 60"), ElementsAre(HasSubstr("expire is 3600001 s")));
  EXPECT_THAT(with("7200 900 604800 59"), ElementsAre(HasSubstr("minimum is 59 s")));
  EXPECT_THAT(with("7200 900 604800 86401"), ElementsAre(HasSubstr("minimum is 86401 s")));
  EXPECT_THAT(with("7200 7200 604800 60"),
              ElementsAre(HasSubstr("retry, 7200 s, is no shorter than its refresh")));
  EXPECT_THAT(with("1200 300 1500 60"),
              ElementsAre(HasSubstr("expire is 1500 s"), HasSubstr("expire, 1500 s, ends before")));
}

TEST(ZoneOutOfZone, the_record_is_named) {
  EXPECT_THAT(
      said(zone::out_of_zone, "www.example.com. A 192.0.2.1\nexample.org. A 192.0.2.1\n"),
      ElementsAre("error 5:1 www.example.com: www.example.com is not in the zone example.org: nobody will "
                  "see this record"));
}

TEST(ZoneMissingDot, owners_and_targets) {
  EXPECT_THAT(
      said(zone::missing_dot, "@ MX 10 mail.example.org\n"),
      ElementsAre("error 5:9 mail.example.org.example.org: MX points at mail.example.org.example.org."));
  EXPECT_THAT(said(zone::missing_dot, "example.org A 192.0.2.1\n"),
              ElementsAre("error 5:1 example.org.example.org: the owner reads as example.org.example.org."));
  EXPECT_THAT(said(zone::missing_dot, "_imaps._tcp SRV 0 1 993 mail.example.org\n"),
              ElementsAre(HasSubstr("error 5:25 mail.example.org.example.org: SRV points at")));
  EXPECT_THAT(said(zone::missing_dot, "@ MX 10 (\n mail.example.org )\n"),
              ElementsAre(HasSubstr("error 6:2 ")));
  EXPECT_THAT(said(zone::missing_dot, "@ MX 10 mail.example.org.\nmail A 192.0.2.1\n"), IsEmpty());
}
TEST(ZoneMissingDot, the_host_of_a_ptr) {
  const std::string head = "$TTL 3600\n@ SOA ns.test. h.test. 1 7200 900 1209600 3600\n@ NS ns.test.\n";
  EXPECT_THAT(said(zone::missing_dot, "1 PTR mail.example.org\n2 PTR mail.example.org.\n3 CNAME 3.sub\n",
                   head, "2.0.192.in-addr.arpa.zone"),
              ElementsAre("error 4:7 mail.example.org.2.0.192.in-addr.arpa: PTR points at "
                          "mail.example.org.2.0.192.in-addr.arpa."));
}

TEST(Rfc, rfc_119_lint_reports_a_cname_with_other_data) {
  EXPECT_THAT(
      said(zone::cname_and_other_data, "x MX 10 ns\nx CNAME ns\nx TXT t\n"),
      ElementsAre("error 6:1 x.example.org: x.example.org is an alias (CNAME) and has MX, TXT too (line 5)"));
  EXPECT_THAT(said(zone::cname_and_other_data, "x CNAME ns\nx CNAME www\n"),
              ElementsAre("error 6:1 x.example.org: a second CNAME; the first stands in line 5"));
  EXPECT_THAT(said(zone::cname_and_other_data, "x CNAME ns\nx NSEC y CNAME NSEC\n"), IsEmpty())
      << "signing puts it there";
}

TEST(ZoneDifferingTtls, the_odd_one_is_named) {
  EXPECT_THAT(
      said(zone::differing_ttls, "a 60 A 192.0.2.1\na 60 A 192.0.2.2\na 300 A 192.0.2.3\na 5 TXT x\n"),
      ElementsAre("warning 7:1 a.example.org: TTL 300 s; the A record of a.example.org in line 5 has 60 s"));
}

TEST(ZoneDuplicate, the_repeat_is_named) {
  EXPECT_THAT(
      said(zone::duplicate, "@ MX 10 mail\n@ MX 10 MAIL.example.org.\n@ MX 20 mail\nmail A 192.0.2.1\n"),
      ElementsAre("warning 6:1 example.org: the same MX record as in line 5"));
  EXPECT_THAT(said(zone::duplicate, "a TXT x\na TXT X\n"), IsEmpty()) << "text has case";
}

TEST(ZoneTargetNoAddress, mx_and_ns) {
  EXPECT_THAT(said(zone::target_no_address, "@ MX 10 mail\nmail TXT x\nb MX 5 gone\n@ NS ns2\n"),
              testing::UnorderedElementsAre(
                  "error 8:6 ns2.example.org: NS of example.org names ns2.example.org, which has no address "
                  "in this zone",
                  "error 5:9 mail.example.org: MX of example.org names mail.example.org, which has no "
                  "address in this zone",
                  HasSubstr("error 7:8 gone.example.org")));
}
TEST(ZoneTargetNoAddress, one_family_a_wildcard_or_another_zone_is_enough) {
  EXPECT_THAT(said(zone::target_no_address,
                   "@ MX 10 six\nsix AAAA 2001:db8::1\n@ MX 20 any.w\n*.w A 192.0.2.1\n"
                   "@ MX 30 mail.example.net.\n@ MX 40 mail.sub\nsub NS ns.example.net.\n"
                   "n MX 0 .\n"),
              IsEmpty());
}
TEST(ZoneTargetNoAddress, a_delegation_needs_glue_for_its_own_servers) {
  EXPECT_THAT(said(zone::target_no_address, "sub NS ns.sub\nsub NS ns.other\nother NS ns.example.net.\n"),
              ElementsAre(HasSubstr("error 5:8 ns.sub.example.org")));
}
TEST(ZoneTargetNoAddress, a_foreign_name_without_its_dot_is_guessed) {
  const dns::ZoneFile file =
      dns::read_zone_text(std::string(kHead) + "@ MX 10 mx.provider.example\n", "example.org.zone");
  const auto findings = check_zone_file(ZoneView(file));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].fix, HasSubstr("write mx.provider.example. with the dot"));
}

TEST(ZoneTargetNoAddress, an_address_in_the_place_of_a_host) {
  EXPECT_THAT(said(zone::target_no_address, "@ MX 10 192.0.2.1\n@ MX 20 2001:db8::1\n"),
              ElementsAre("error 5:9 example.org: MX names the address 192.0.2.1, which reads as the host "
                          "192.0.2.1.example.org",
                          HasSubstr("error 6:9 example.org: MX names the address 2001:db8::1")));
  EXPECT_THAT(said(zone::target_no_address, "@ MX 10 mail.example.org\n"), IsEmpty()) << "zone.missing-dot's";
}

TEST(ZoneMxToCname, the_end_of_the_aliases_is_named) {
  EXPECT_THAT(said(zone::mx_to_cname, "@ MX 10 a\na CNAME b\nb CNAME mail.example.net.\n"),
              ElementsAre("error 5:9 a.example.org: MX 10 names an alias (CNAME) of mail.example.net"));
  EXPECT_THAT(said(zone::mx_to_cname, "@ MX 10 a\na CNAME b\nb CNAME a\n"), testing::SizeIs(1))
      << "a loop ends";
}
TEST(ZoneBackupFirst, only_a_name_that_tells_clearly) {
  EXPECT_THAT(said(zone::backup_first, "@ MX 5 backup\n@ MX 10 mail\nbackup A 192.0.2.1\nmail A 192.0.2.2\n"),
              ElementsAre("warning 5:8 backup.example.org: a backup by its name, preferred (MX 5) to "
                          "mail.example.org (MX 10)"));
  EXPECT_THAT(said(zone::backup_first,
                   "@ MX 10 mx-backup1\n@ MX 20 mx-backup2\nx MX 10 mx2\nx MX 20 mx1\n"
                   "y MX 10 backup\ny MX 10 mail\n"),
              IsEmpty());
}
TEST(ZoneNsToCname, is_an_error) {
  EXPECT_THAT(said(zone::ns_to_cname, "@ NS b\nb CNAME ns\n"),
              ElementsAre("error 5:6 b.example.org: NS names an alias (CNAME) of ns.example.org"));
}

}  // namespace
}  // namespace waybill::check
