#include "policy/spf_evaluate.h"

#include <gmock/gmock.h>

#include "support/facts_kit.h"

namespace waybill::policy {
namespace {
using test::FactsKit;
using testing::HasSubstr;

SpfVerdict judge(FactsKit& world, const std::string& ip, const std::string& from = "user@example.org",
                 const std::string& helo = "mail.example.org") {
  mail::ReversePath path;
  if (!from.empty()) path = mail::Address::parse(from).value();
  const SpfRequest request = spf_mail_from(IpAddress::parse(ip).value(), path, helo);
  return world.run<SpfVerdict>([&](const dns::Facts& facts) { return evaluate_spf(request, facts); });
}
std::string result(FactsKit world, const std::string& ip = "192.0.2.1",
                   const std::string& from = "user@example.org") {
  return std::string(to_string(judge(world, ip, from).result));
}
/// The result of the one record "v=spf1 …" for 192.0.2.1.
std::string of(const std::string& terms, const std::string& zone = "") {
  return result(FactsKit("@ TXT \"v=spf1 " + terms + "\"\n" + zone));
}

TEST(SpfEvaluate, the_seven_results) {
  EXPECT_EQ(result(FactsKit("@ TXT \"hello\"")), "none");
  EXPECT_EQ(of(""), "neutral");
  EXPECT_EQ(of("?all"), "neutral");
  EXPECT_EQ(of("ip4:192.0.2.1 -all"), "pass");
  EXPECT_EQ(of("ip4:192.0.2.2 -all"), "fail");
  EXPECT_EQ(of("~all"), "softfail");
  EXPECT_EQ(result(FactsKit("").fails("example.org", dns::Type::txt)), "temperror");
  EXPECT_EQ(of("ip4:192.0.2.1 -al"), "permerror");  // 4.6: before anything is looked at
}
TEST(SpfEvaluate, a_forged_answer_is_no_absence) {
  EXPECT_EQ(result(FactsKit("").fails("example.org", dns::Type::txt, dns::Kind::bogus)), "temperror");
  EXPECT_EQ(result(FactsKit("@ TXT \"v=spf1 a:b.example.org -all\"").fails("b.example.org", dns::Type::a)),
            "temperror");
}
TEST(SpfEvaluate, networks_of_both_families) {
  FactsKit world("@ TXT \"v=spf1 ip4:192.0.2.77/24 ip6:2001:db8::7/32 -all\"");
  EXPECT_EQ(result(world, "192.0.2.200"), "pass");
  EXPECT_EQ(result(world, "192.0.3.1"), "fail");
  EXPECT_EQ(result(world, "2001:db8:1::1"), "pass");
  EXPECT_EQ(result(world, "2001:db9::1"), "fail");
  EXPECT_EQ(result(world, "::ffff:192.0.2.9"), "pass");  // 5: an IPv4-mapped client is an IPv4 client
  EXPECT_EQ(of("ip4:0.0.0.0/0 -all"), "pass");
}
TEST(SpfEvaluate, a_and_mx_with_prefixes_and_other_domains) {
  const std::string zone = "@ A 192.0.2.1\n@ MX 10 m\nm A 198.51.100.1\nm AAAA 2001:db8::25";
  EXPECT_EQ(of("a -all", zone), "pass");
  EXPECT_EQ(of("mx -all", zone), "fail");
  EXPECT_EQ(of("mx/0 -all", zone), "pass");
  EXPECT_EQ(of("a:m.example.org -all", zone), "fail");
  FactsKit six("@ TXT \"v=spf1 mx//64 -all\"\n" + zone);
  EXPECT_EQ(result(six, "2001:db8::ffff"), "pass");
  EXPECT_EQ(result(six, "2001:db8:1::1"), "fail");
}
TEST(SpfEvaluate, exists_asks_for_ipv4_addresses_and_macros_choose_the_name) {
  FactsKit world(
      "@ TXT \"v=spf1 exists:%{ir}.%{l}.list.%{d} -all\"\n1.2.0.192.user.list A 127.0.0.2\n"
      "b.d.0.1.0.0.2 TXT x");
  EXPECT_EQ(result(world, "192.0.2.1"), "pass");
  EXPECT_EQ(result(world, "192.0.2.1", "other@example.org"), "fail");
  EXPECT_EQ(result(world, "2001:db8::1"), "fail");
}
TEST(SpfEvaluate, include_passes_only_on_pass) {
  const std::string zone =
      "ok TXT \"v=spf1 ip4:192.0.2.1 -all\"\nno TXT \"v=spf1 -all\"\nsoft TXT \"v=spf1 ~all\"\nempty TXT "
      "\"v=spf1\"";
  EXPECT_EQ(of("include:ok.example.org -all", zone), "pass");
  EXPECT_EQ(of("~include:ok.example.org -all", zone), "softfail");
  EXPECT_EQ(of("include:no.example.org include:soft.example.org include:empty.example.org ?all", zone),
            "neutral");
}
TEST(SpfEvaluate, redirect_replaces_the_record_unless_all_stands_anywhere) {
  const std::string zone = "ok TXT \"v=spf1 ip4:192.0.2.1 ~all\"";
  EXPECT_EQ(of("redirect=ok.example.org", zone), "pass");
  EXPECT_EQ(of("redirect=ok.example.org -all", zone), "fail");
  EXPECT_EQ(of("redirect=none.example.org", zone), "permerror");
  EXPECT_EQ(of("ip4:192.0.2.1 redirect=none.example.org", zone), "pass");
}
TEST(SpfEvaluate, ptr_needs_the_way_back) {
  FactsKit world(
      "@ TXT \"v=spf1 ptr -all\"\nh A 192.0.2.1\nlies A 192.0.2.99\n"
      "1.2.0.192.in-addr.arpa. PTR h\n2.2.0.192.in-addr.arpa. PTR lies");
  EXPECT_EQ(result(world, "192.0.2.1"), "pass");
  EXPECT_EQ(result(world, "192.0.2.2"), "fail");
  world.fails("3.2.0.192.in-addr.arpa", dns::Type::ptr);
  EXPECT_EQ(result(world, "192.0.2.3"), "fail");  // 5.5: an error only means no match
  EXPECT_EQ(of("exists:%{p}.seen.example.org -all",
               "h A 192.0.2.1\n1.2.0.192.in-addr.arpa. PTR h\nh.example.org.seen A 127.0.0.1"),
            "pass");
}
TEST(SpfEvaluate, the_first_term_that_holds_decides_whatever_stands_behind_it) {
  EXPECT_EQ(of("ip4:192.0.2.1 include:missing.example.org -all"), "pass");
}
TEST(SpfEvaluate, the_verdict_names_record_and_term) {
  FactsKit world("@ TXT \"v=spf1 include:_spf.example.org -all\"\n_spf TXT \"v=spf1 a:%{x}\"");
  const SpfVerdict verdict = judge(world, "192.0.2.1");
  EXPECT_EQ(verdict.result, SpfResult::permerror);
  EXPECT_EQ(verdict.domain.to_string(), "_spf.example.org");
  EXPECT_THAT(verdict.why, HasSubstr("no macro '%{x}'"));
}
TEST(SpfEvaluate, a_loop_ends_at_once_as_permerror) {
  FactsKit world("@ TXT \"v=spf1 include:b.example.org -all\"\nb TXT \"v=spf1 include:example.org -all\"");
  const SpfVerdict verdict = judge(world, "192.0.2.1");
  EXPECT_EQ(verdict.result, SpfResult::permerror);
  EXPECT_THAT(verdict.why, HasSubstr("includes itself"));
  EXPECT_EQ(world.asked(), 2U);
}
TEST(SpfEvaluate, a_domain_that_can_have_no_record_gives_none) {
  FactsKit world("");
  EXPECT_EQ(judge(world, "192.0.2.1", "user@[192.0.2.7]").result, SpfResult::none);
  EXPECT_EQ(judge(world, "192.0.2.1", "", "[192.0.2.1]").result, SpfResult::none);
  EXPECT_EQ(judge(world, "192.0.2.1", "", "localhost").result, SpfResult::none);
  EXPECT_EQ(world.asked(), 0U);
}
TEST(SpfEvaluate, a_record_is_asked_side_by_side) {
  std::string terms;
  std::string zone;
  for (int i = 0; i < 10; ++i) {
    terms += "include:i" + std::to_string(i) + ".example.org ";
    zone += "i" + std::to_string(i) + " TXT \"v=spf1 -all\"\n";
  }
  FactsKit world("@ TXT \"v=spf1 " + terms + "-all\"\n" + zone);
  const SpfRequest request =
      spf_mail_from({}, mail::Address::parse("a@example.org").value(), "h.example.org");
  const auto verdict =
      world.run<SpfVerdict>([&](const dns::Facts& facts) { return evaluate_spf(request, facts); }, 2);
  EXPECT_EQ(verdict.result, SpfResult::fail);
}

std::string addresses(int count) {
  std::string terms;
  for (int i = 0; i < count; ++i) terms += "a:h" + std::to_string(i) + ".example.org ";
  return terms;
}
std::string hosts(int count) {
  std::string zone;
  for (int i = 0; i < count; ++i) zone += "h" + std::to_string(i) + " A 198.51.100.1\n";
  return zone;
}

// RFC 7208 4.6.4
TEST(SpfConformance, rfc_121_ten_lookups_are_fine_and_eleven_a_permerror) {
  FactsKit ten("@ TXT \"v=spf1 " + addresses(10) + "-all\"\n" + hosts(11));
  EXPECT_EQ(judge(ten, "192.0.2.1").result, SpfResult::fail);
  EXPECT_EQ(judge(ten, "192.0.2.1").lookups, 10);
  EXPECT_EQ(of(addresses(11) + "-all", hosts(11)), "permerror");
  // Those of an include count too, and so do include and redirect themselves.
  const std::string below = hosts(11) + "i TXT \"v=spf1 " + addresses(9) + "-all\"\n";
  EXPECT_EQ(of("include:i.example.org -all", below), "fail");
  EXPECT_EQ(of("include:i.example.org a:h0.example.org -all", below), "permerror");
  EXPECT_EQ(of("a:h0.example.org a:h1.example.org redirect=i.example.org", below), "permerror");
}
TEST(SpfConformance, rfc_121_the_third_void_lookup_is_a_permerror) {
  EXPECT_EQ(of("a:x.example.org exists:y.example.org -all"), "fail");
  EXPECT_EQ(of("a:x.example.org mx:y.example.org exists:z.example.org -all"), "permerror");
  EXPECT_EQ(of("a:t.example.org a:t.example.org a:t.example.org -all", "t TXT x"),
            "permerror");  // NODATA is void too
  EXPECT_EQ(result(FactsKit("@ TXT \"v=spf1 a:x.example.org a:y.example.org a:z.example.org -all\"")
                       .fails("x.example.org", dns::Type::a)),
            "temperror");  // a failure is not void
}
// RFC 7208 4.5, 5.2
TEST(SpfConformance, rfc_122_two_records_and_an_include_of_none_are_permerrors) {
  EXPECT_EQ(result(FactsKit("@ TXT \"v=spf1 -all\"\n@ TXT \"v=spf1 a -all\"")), "permerror");
  EXPECT_EQ(of("include:none.example.org +all"), "permerror");
  EXPECT_EQ(of("include:two.example.org +all", "two TXT \"v=spf1 -all\"\ntwo TXT \"v=spf1 +all\""),
            "permerror");
}
// RFC 7208 4.6.4
TEST(SpfConformance, rfc_123_over_ten_mx_hosts_are_a_permerror) {
  const auto zone = [](int count) {
    std::string out = hosts(count);
    for (int i = 0; i < count; ++i) out += "@ MX 10 h" + std::to_string(i) + "\n";
    return out;
  };
  EXPECT_EQ(of("mx -all", zone(10)), "fail");
  EXPECT_EQ(of("mx -all", zone(11)), "permerror");
}
TEST(SpfConformance, rfc_123_of_the_reverse_names_only_the_first_ten_count) {
  const auto zone = [](int right) {
    std::string out = "right A 192.0.2.1\n";
    for (int i = 1; i <= 12; ++i)
      out += fmt::format("1.2.0.192.in-addr.arpa. PTR {}\n",
                         i == right ? "right.example.org." : fmt::format("w{}.example.com.", i));
    return out;
  };
  EXPECT_EQ(of("ptr -all", zone(10)), "pass");
  EXPECT_EQ(of("ptr -all", zone(11)), "fail");
}
// RFC 7208 2.4
TEST(SpfConformance, rfc_124_the_null_sender_is_postmaster_at_helo) {
  FactsKit world(
      "helo TXT \"v=spf1 exists:%{l}.%{o}.list.example.org -all\"\npostmaster.helo.example.org.list A "
      "127.0.0.2\n@ TXT \"v=spf1 -all\"");
  const SpfRequest request = spf_mail_from({}, std::nullopt, "helo.example.org");
  EXPECT_EQ(request.local, "postmaster");
  EXPECT_EQ(request.domain->to_string(), "helo.example.org");
  EXPECT_EQ(judge(world, "192.0.2.1", "", "helo.example.org").result, SpfResult::pass);
}
}  // namespace
}  // namespace waybill::policy
