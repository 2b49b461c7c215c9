#include "check/spf/spf.h"

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

/// A world whose domain has the record "v=spf1 …".
CheckWorld with(const std::string& terms, const std::string& zone = "") {
  return CheckWorld("@ TXT \"v=spf1 " + terms + "\"\n" + zone);
}
std::string of(const check::Check& check, const std::string& terms, const std::string& zone = "") {
  return verdict(with(terms, zone).run(check));
}
/// "a:h0.example.org a:h1.example.org …", and their addresses.
std::string names(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += fmt::format("a:h{}.example.org ", i);
  return out;
}
const std::string kHosts = [] {
  std::string out;
  for (int i = 0; i < 12; ++i) out += fmt::format("h{} A 192.0.2.1\n", i);
  return out;
}();

TEST(SpfNone, a_record_is_fine_and_none_a_warning_with_what_to_publish) {
  EXPECT_EQ(of(check::spf::none, "-all"), "fine");
  const auto ran = CheckWorld("@ MX 10 m\nm A 192.0.2.1").run(check::spf::none);
  EXPECT_EQ(verdict(ran), "warning example.org: no SPF record: nobody can tell its senders from forgers");
  EXPECT_THAT(ran.findings.at(0).fix, StartsWith("example.org. TXT \"v=spf1 mx -all\""));
  EXPECT_THAT(CheckWorld("@ MX 0 .").run(check::spf::none).findings.at(0).fix,
              StartsWith("example.org. TXT \"v=spf1 -all\""));
}
TEST(SpfNone, what_only_looks_like_spf_is_shown) {
  EXPECT_THAT(verdict(CheckWorld("@ TXT \"v=spf1;mx;-all\"").run(check::spf::none)),
              HasSubstr("\"v=spf1;mx;-all\""));
}
TEST(SpfNone, a_failure_is_never_called_missing) {
  const auto ran = CheckWorld("@ A 192.0.2.1").fails("example.org", dns::Type::txt).run(check::spf::none);
  EXPECT_EQ(ran.state, State::unknown);
  EXPECT_THAT(verdict(ran), StartsWith("unknown TXT of example.org"));
  EXPECT_EQ(CheckWorld("other TXT x").run(check::spf::none).state, State::findings);
}

TEST(SpfSeveral, two_records_of_the_domain_or_of_an_include) {
  EXPECT_THAT(
      verdict(CheckWorld("@ TXT \"v=spf1 a -all\"\n@ TXT \"v=spf1 mx -all\"").run(check::spf::several)),
      StartsWith("error example.org: 2 SPF records, so none of them counts"));
  EXPECT_THAT(
      of(check::spf::several, "include:i.example.org -all", "i TXT \"v=spf1 a\"\ni TXT \"v=spf1 mx\""),
      StartsWith("error i.example.org: several SPF records"));
  EXPECT_EQ(of(check::spf::several, "-all", "@ TXT \"v=verify 1\""), "fine");
  EXPECT_THAT(verdict(CheckWorld("@ A 192.0.2.1").run(check::spf::several)),
              StartsWith("skipped: example.org has no SPF record"));
}

TEST(SpfSyntax, every_fault_has_its_place_and_a_record_without_it) {
  const auto ran = with("ipv4:192.0.2.1 a include:i.example.org, -all").run(check::spf::syntax);
  EXPECT_THAT(lines_of(ran), ElementsAre("error example.org: 'ipv4:192.0.2.1', at octet 8 of the record: "
                                         "there is no mechanism 'ipv4'; 'ip4' is one",
                                         HasSubstr("'i.example.org,' is no full domain name")));
  EXPECT_EQ(ran.findings.at(0).fix,
            "correct it, or take it out: example.org. TXT \"v=spf1 a include:i.example.org, -all\"");
  EXPECT_EQ(ran.findings.at(0).about->type, dns::Type::txt);
  EXPECT_EQ(of(check::spf::syntax, "a mx -all exp=e.example.org"), "fine");
}
TEST(SpfSyntax, an_include_of_nothing_and_one_with_a_fault_are_named) {
  EXPECT_EQ(
      of(check::spf::syntax, "include:i.example.org -all", "i TXT \"v=spf1 include:gone.example.org -all\""),
      "error gone.example.org: it has no SPF record, so 'include:gone.example.org' of i.example.org ends "
      "every "
      "evaluation that reaches it");
  EXPECT_THAT(of(check::spf::syntax, "include:i.example.org -all", "i TXT \"v=spf1 al\""),
              HasSubstr("example.org → i.example.org"));
}
TEST(SpfSyntax, a_modifier_named_like_a_mechanism_is_a_slip) {
  const auto ran = with("include=i.example.org -all").run(check::spf::syntax);
  EXPECT_EQ(ran.findings.at(0).level, Level::warning);
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. TXT \"v=spf1 include:i.example.org -all\"");
}
TEST(SpfSyntax, an_include_out_of_reach_is_unknown) {
  auto world = with("include:i.example.org -all", "i TXT \"v=spf1 -all\"");
  world.fails("i.example.org", dns::Type::txt);
  EXPECT_EQ(world.run(check::spf::syntax).state, State::unknown);
}

TEST(SpfIpv6InIp4, the_record_is_mended) {
  const auto ran = with("a -ip4:2001:db8::1/64 -all").run(check::spf::ipv6_in_ip4);
  EXPECT_EQ(verdict(ran), "error example.org: '-ip4:2001:db8::1/64': ip4 holds the IPv6 address 2001:db8::1");
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. TXT \"v=spf1 a -ip6:2001:db8::1/64 -all\"");
  EXPECT_EQ(of(check::spf::syntax, "ip4:2001:db8::1 -all"), "fine");  // told once
  EXPECT_EQ(of(check::spf::ipv6_in_ip4, "ip4:192.0.2.1 ip6:2001:db8::1 -all"), "fine");
}

TEST(SpfTooManyLookups, eleven_are_an_error_that_names_who_needs_them) {
  EXPECT_EQ(of(check::spf::too_many_lookups, names(10) + "-all", kHosts), "fine");
  const auto ran =
      with("a:h0.example.org include:i.example.org include:j.example.org -all",
           kHosts + "i TXT \"v=spf1 " + names(7) + "-all\"\nj TXT \"v=spf1 a:h1.example.org -all\"")
          .run(check::spf::too_many_lookups);
  EXPECT_EQ(verdict(ran),
            "error example.org: 11 lookups: 'include:i.example.org' 8, 'include:j.example.org' 2, "
            "'a:h0.example.org' 1");
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("'include:i.example.org' alone needs 8"));
}
TEST(SpfTooManyLookups, an_include_out_of_reach_makes_it_unknown_unless_it_is_too_many_already) {
  auto few = with("include:i.example.org -all");
  EXPECT_EQ(few.fails("i.example.org", dns::Type::txt).run(check::spf::too_many_lookups).state,
            State::unknown);
  auto many = with("include:i.example.org " + names(10) + "-all", kHosts);
  many.fails("i.example.org", dns::Type::txt, dns::Kind::bogus);
  EXPECT_THAT(verdict(many.run(check::spf::too_many_lookups)),
              StartsWith("error example.org: at least 11 lookups"));
}
TEST(SpfNearlyTooManyLookups, eight_to_ten_are_a_notice_that_names_the_greatest) {
  EXPECT_EQ(of(check::spf::nearly_too_many_lookups, names(7) + "-all", kHosts), "fine");
  const auto ran =
      with("a:h1.example.org include:i.example.org -all", kHosts + "i TXT \"v=spf1 " + names(6) + "-all\"")
          .run(check::spf::nearly_too_many_lookups);
  EXPECT_EQ(verdict(ran),
            "notice example.org: 8 of 10 lookups are used: 'include:i.example.org' 7, 'a:h1.example.org' 1");
  EXPECT_THAT(ran.findings.at(0).fix, StartsWith("begin with 'include:i.example.org', which takes 7"));
  EXPECT_EQ(with(names(11) + "-all", kHosts).run(check::spf::nearly_too_many_lookups).state, State::skipped);
}

TEST(SpfVoidLookups, three_are_an_error_and_fewer_a_notice) {
  EXPECT_EQ(of(check::spf::void_lookups, "a:h0.example.org -all", kHosts), "fine");
  EXPECT_EQ(of(check::spf::void_lookups, "a:x.example.org mx:y.example.org exists:z.example.org -all"),
            "error example.org: 3 lookups find nothing: x.example.org ('a:x.example.org'), y.example.org "
            "('mx:y.example.org'), z.example.org ('exists:z.example.org')");
  EXPECT_THAT(of(check::spf::void_lookups, "a:x.example.org -all"),
              StartsWith("notice example.org: 1 of the 2"));
}
TEST(SpfVoidLookups, failures_are_told_only_where_they_could_make_it_too_many) {
  auto one = with("a:h0.example.org -all");
  EXPECT_EQ(verdict(one.fails("h0.example.org", dns::Type::a).run(check::spf::void_lookups)), "fine");
  auto three = with(names(3) + "-all");
  for (const char* name : {"h0.example.org", "h1.example.org", "h2.example.org"})
    three.fails(name, dns::Type::a);
  EXPECT_EQ(three.run(check::spf::void_lookups).state, State::unknown);
}

TEST(SpfMxTooManyHosts, eleven_hosts) {
  std::string zone = kHosts;
  for (int i = 0; i < 11; ++i) zone += fmt::format("m MX 10 h{}\n", i);
  EXPECT_EQ(of(check::spf::mx_too_many_hosts, "mx:m.example.org -all", zone),
            "error example.org: 'mx:m.example.org' of example.org: m.example.org has 11 MX hosts");
  auto failing = with("mx -all");
  EXPECT_EQ(failing.fails("example.org", dns::Type::mx).run(check::spf::mx_too_many_hosts).state,
            State::unknown);
}

TEST(SpfIncludeLoop, the_circle_is_shown) {
  EXPECT_EQ(
      of(check::spf::include_loop, "include:i.example.org -all", "i TXT \"v=spf1 redirect=example.org\""),
      "error i.example.org: 'redirect=example.org' closes a circle: example.org → i.example.org → "
      "example.org");
  EXPECT_EQ(of(check::spf::include_loop, "include:i.example.org include:i.example.org -all",
               "i TXT \"v=spf1 -all\""),
            "fine");
}

TEST(SpfPtrUsed, ptr_and_its_macro) {
  EXPECT_THAT(of(check::spf::ptr_used, "ptr:example.org -all"),
              StartsWith("warning example.org: 'ptr:example.org' asks"));
  EXPECT_THAT(of(check::spf::ptr_used, "exists:%{p}.example.org -all"), StartsWith("warning"));
  EXPECT_EQ(of(check::spf::ptr_used, "a -all"), "fine");
}

TEST(SpfWeakAll, only_minus_and_tilde_are_strong) {
  EXPECT_EQ(of(check::spf::weak_all, "a -all"), "fine");
  EXPECT_EQ(of(check::spf::weak_all, "a ~all"), "fine");
  EXPECT_THAT(of(check::spf::weak_all, "a +all"), HasSubstr("anybody may send"));
  EXPECT_THAT(of(check::spf::weak_all, "a all"), HasSubstr("anybody may send"));
  EXPECT_THAT(of(check::spf::weak_all, "a ?all"), HasSubstr("it ends in '?all'"));
  const auto ran = with("a").run(check::spf::weak_all);
  EXPECT_THAT(verdict(ran), HasSubstr("it ends without 'all'"));
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. TXT \"v=spf1 a -all\"");
}
TEST(SpfWeakAll, the_record_at_the_end_of_redirect_counts) {
  EXPECT_EQ(of(check::spf::weak_all, "redirect=i.example.org", "i TXT \"v=spf1 -all\""), "fine");
  EXPECT_THAT(of(check::spf::weak_all, "redirect=i.example.org", "i TXT \"v=spf1 ?all\""),
              StartsWith("warning i.example.org"));
  auto out_of_reach = with("redirect=i.example.org");
  EXPECT_EQ(out_of_reach.fails("i.example.org", dns::Type::txt).run(check::spf::weak_all).state,
            State::unknown);
  EXPECT_EQ(with("redirect=i.example.org").run(check::spf::weak_all).state, State::skipped);
}

TEST(SpfTextAfterAll, what_is_ignored_is_named) {
  const auto ran =
      with("a -all include:i.example.org ip4:192.0.2.1 exp=e.example.org").run(check::spf::text_after_all);
  EXPECT_EQ(verdict(ran),
            "warning example.org: ignored because of '-all': 'include:i.example.org', 'ip4:192.0.2.1'");
  EXPECT_EQ(ran.findings.at(0).fix,
            "example.org. TXT \"v=spf1 a include:i.example.org ip4:192.0.2.1 exp=e.example.org -all\"");
  EXPECT_THAT(of(check::spf::text_after_all, "redirect=i.example.org ~all"),
              HasSubstr("'redirect=i.example.org'"));
  EXPECT_EQ(of(check::spf::text_after_all, "a exp=e.example.org -all"), "fine");
}

TEST(SpfTooLong, more_than_450_octets_over_all_strings) {
  std::string terms;
  for (int i = 0; i < 12; ++i) terms += fmt::format("ip4:192.0.2.{} ", 100 + i);
  EXPECT_EQ(of(check::spf::too_long, terms + "-all"), "fine");
  EXPECT_EQ(of(check::spf::too_long, terms + "\" \"" + terms + "\" \"" + terms + "-all"),
            "notice example.org: the SPF record has 587 octets");
}

std::string sends(CheckWorld world, const std::string& ip) {
  world.subject().sends_from = {IpAddress::parse(ip).value()};
  return verdict(world.run(check::spf::sender_fails));
}
TEST(SpfSenderFails, pass_is_fine_and_the_rest_is_told_with_the_record_that_would_let_it_pass) {
  EXPECT_EQ(sends(with("ip4:192.0.2.0/24 -all"), "192.0.2.7"), "fine");
  EXPECT_THAT(sends(with("ip4:192.0.2.0/24 -all"), "2001:db8::1"),
              StartsWith("error 2001:db8::1: SPF of example.org says fail"));
  EXPECT_THAT(sends(with("~all"), "192.0.2.7"),
              StartsWith("warning 192.0.2.7: SPF of example.org says softfail"));
  EXPECT_THAT(sends(with("oops -all"), "192.0.2.7"),
              StartsWith("error 192.0.2.7: SPF of example.org says permerror"));
  auto world = with("a -all", "@ A 192.0.2.1");
  world.subject().sends_from = {IpAddress::parse("2001:db8::1").value()};
  EXPECT_EQ(world.run(check::spf::sender_fails).findings.at(0).fix,
            "example.org. TXT \"v=spf1 a ip6:2001:db8::1 -all\"");
}
TEST(SpfSenderFails, a_permerror_on_the_way_is_met_only_by_who_does_not_pass_before_it) {
  auto world = with("a:h0.example.org a:h1.example.org a:h2.example.org ip6:2001:db8::1 -all", kHosts);
  world.subject().sends_from = {IpAddress::parse("2001:db8::1").value()};
  const auto ran = world.run(check::spf::sender_fails);
  EXPECT_THAT(verdict(ran), HasSubstr("permerror: 'a:h2.example.org': more than 2 lookups found nothing"));
  EXPECT_THAT(ran.findings.at(0).fix,
              StartsWith("example.org. TXT \"v=spf1 ip6:2001:db8::1 a:h0.example.org"));
}
TEST(SpfSenderFails, without_an_address_it_is_left_out_and_a_failure_is_unknown) {
  EXPECT_EQ(with("-all").run(check::spf::sender_fails).state, State::skipped);
  auto world = with("a -all");
  EXPECT_THAT(sends(world.fails("example.org", dns::Type::a), "192.0.2.7"),
              StartsWith("unknown SPF of example.org for 192.0.2.7"));
}

TEST(SpfFamily, what_lies_outside_a_zone_file_is_left_out_and_not_unknown) {
  auto world = with("redirect=i.example.net");
  world.subject().sends_from = {IpAddress::parse("192.0.2.7").value()};
  world.fails("i.example.net", dns::Type::txt, dns::Kind::failed, std::string(check::kOutsideTheZone));
  for (const check::Ran& ran : world.run_all(check::spf_checks())) {
    EXPECT_TRUE(ran.findings.empty()) << verdict(ran);
    const bool needs_it = ran.check->id == "spf.sender-fails" || ran.check->id == "spf.weak-all" ||
                          ran.check->id == "spf.too-many-lookups" || ran.check->id == "spf.syntax";
    if (needs_it) {
      EXPECT_EQ(verdict(ran), "skipped: outside the zone") << ran.check->id;
    }
  }
}
TEST(SpfFamily, a_record_of_a_provider_with_macros_of_the_message_is_no_fault) {
  auto world = with("include:%{ir}.%{v}.%{d}.spf.example.net ip4:192.0.2.1 -all");
  for (const check::Ran& ran : world.run_all(check::spf_checks()))
    EXPECT_TRUE(ran.findings.empty()) << verdict(ran);
}
}  // namespace
}  // namespace waybill
