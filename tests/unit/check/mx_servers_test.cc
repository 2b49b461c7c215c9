// What the name servers of the zone say, asked one by one.
#include "check/mx/mx.h"
#include "support/check_kit.h"

namespace waybill {
namespace {
using check::ServerSaid;
using test::CheckWorld;
using test::lines_of;
using test::verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using Failure = ServerSaid::Failure;

dns::Name name(const std::string& text) { return dns::Name::parse(text).value(); }

ServerSaid mx(const std::vector<std::pair<uint16_t, std::string>>& records, bool authoritative = true) {
  dns::Answer answer{.kind = dns::Kind::present, .canonical = name("example.org"), .ttl_s = 300};
  for (const auto& [preference, host] : records)
    answer.records.push_back({name("example.org"), dns::Type::mx, 300, dns::Mx{preference, name(host)}});
  return {.answer = std::move(answer), .authoritative = authoritative};
}
ServerSaid failed(Failure failure, const std::string& why) {
  return {.answer = dns::Answer::failure(why), .failure = failure};
}

/// Two servers, one of them with an address of each family, and what each says.
class Zone {
 public:
  explicit Zone(const std::string& more = "") : world_(std::string(kZone) + more) {
    world_.subject().authoritative = true;
  }
  Zone& at(const std::string& ip, ServerSaid said, const std::string& asked = "example.org") {
    world_.says(check::AskServer{{name(asked), dns::Type::mx}, IpAddress::parse(ip).value()},
                std::move(said));
    return *this;
  }
  CheckWorld& world() { return world_; }
  check::Ran disagree() { return world_.run(check::mx::servers_disagree); }
  check::Ran odd() { return world_.run(check::mx::odd_answers); }

 private:
  static constexpr const char* kZone =
      "@ NS ns1\n@ NS ns2.example.net.\nns1 A 192.0.2.53\nns1 AAAA 2001:db8::53\n"
      "ns2.example.net. A 198.51.100.53\n@ MX 10 a\na A 192.0.2.1\n";
  CheckWorld world_;
};

TEST(MxServersDisagree, only_with_authoritative) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a").run(check::mx::servers_disagree)),
            "skipped: only with --authoritative");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a").run(check::mx::odd_answers)),
            "skipped: only with --authoritative");
}
TEST(MxServersDisagree, the_same_records_in_any_order_agree) {
  Zone zone;
  zone.at("192.0.2.53", mx({{10, "a.example.org"}, {20, "b.example.org"}}))
      .at("2001:db8::53", mx({{20, "B.example.org"}, {10, "a.example.org"}}))
      .at("198.51.100.53", mx({{20, "b.example.org"}, {10, "a.example.org"}}));
  EXPECT_EQ(verdict(zone.disagree()), "fine");
  EXPECT_EQ(verdict(zone.odd()), "fine");
}
TEST(MxServersDisagree, each_version_is_told_with_its_servers) {
  Zone zone;
  zone.at("192.0.2.53", mx({{10, "a.example.org"}, {5, "b.example.org"}}))
      .at("2001:db8::53", mx({{10, "a.example.org"}, {5, "b.example.org"}}))
      .at("198.51.100.53", mx({{10, "old.example.org"}}));
  const auto ran = zone.disagree();
  EXPECT_EQ(verdict(ran),
            "warning example.org: ns1.example.org (192.0.2.53), ns1.example.org (2001:db8::53) say MX 5 "
            "b.example.org, 10 a.example.org; ns2.example.net (198.51.100.53) says MX 10 old.example.org");
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("transferred to ns2.example.net (198.51.100.53)"));
}
TEST(MxServersDisagree, absence_is_a_version_too) {
  Zone zone;
  zone.at("192.0.2.53", mx({{10, "a.example.org"}}))
      .at("2001:db8::53", {.answer = {.kind = dns::Kind::nodata}, .authoritative = true})
      .at("198.51.100.53", {.answer = {.kind = dns::Kind::nxdomain}, .authoritative = true});
  EXPECT_THAT(verdict(zone.disagree()), testing::AllOf(HasSubstr("says no MX"), HasSubstr("does not exist")));
}
TEST(MxServersDisagree, silence_is_unknown_and_one_voice_alone_is_nothing_to_compare) {
  Zone zone;
  zone.at("192.0.2.53", mx({{10, "a.example.org"}}))
      .at("2001:db8::53", failed(Failure::unreachable, "no route"))
      .at("198.51.100.53", failed(Failure::silent, "no answer in 5 s"));
  EXPECT_EQ(verdict(zone.disagree()),
            "unknown MX of example.org at ns2.example.net (198.51.100.53): no answer in 5 s");
  zone.at("198.51.100.53", mx({{10, "a.example.org"}}, false));  // lame: not a voice
  EXPECT_EQ(
      verdict(zone.disagree()),
      "skipped: 1 of the 3 name server addresses of example.org answered with authority: nothing to compare");
}
TEST(MxServersDisagree, the_zone_is_found_above_the_domain_and_its_failure_is_unknown) {
  CheckWorld below("@ MX 10 a\nexample.org. NS ns\nns.example.org. A 192.0.2.53\n", "mail.sub.example.org");
  below.subject().authoritative = true;
  below.answers("example.org", dns::Type::ns,
                {.kind = dns::Kind::present,
                 .records = {{name("example.org"), dns::Type::ns, 300, name("ns.example.org")}},
                 .canonical = name("example.org")});
  below.says(
      check::AskServer{{name("mail.sub.example.org"), dns::Type::mx}, IpAddress::parse("192.0.2.53").value()},
      failed(Failure::refused, "REFUSED"));
  EXPECT_THAT(verdict(below.run(check::mx::odd_answers)), HasSubstr("it refuses to answer: REFUSED"));
  below.fails("example.org", dns::Type::ns);
  EXPECT_EQ(verdict(below.run(check::mx::odd_answers)),
            "unknown NS of example.org: no answer: SERVFAIL from 192.0.2.53");
}
TEST(MxServersDisagree, no_zone_at_all_is_left_out) {
  CheckWorld none("@ MX 10 a");
  none.subject().authoritative = true;
  EXPECT_EQ(verdict(none.run(check::mx::servers_disagree)),
            "skipped: no zone below the root holds example.org");
}
TEST(MxServersDisagree, of_an_alias_the_servers_of_its_end_are_asked) {
  CheckWorld alias(
      "@ CNAME host.example.net.\nhost.example.net. MX 10 a\nhost.example.net. NS ns.example.net.\n"
      "ns.example.net. A 192.0.2.53\n",
      "www.example.org");
  alias.subject().authoritative = true;
  alias.says(
      check::AskServer{{name("host.example.net"), dns::Type::mx}, IpAddress::parse("192.0.2.53").value()},
      mx({{10, "a.example.net"}}));
  EXPECT_EQ(verdict(alias.run(check::mx::odd_answers)), "fine");
}

TEST(MxOddAnswers, lame_refusing_and_failing_servers_are_warnings) {
  Zone zone;
  zone.at("192.0.2.53", mx({{10, "a.example.org"}}, false))
      .at("2001:db8::53", failed(Failure::refused, "2001:db8::53 said REFUSED"))
      .at("198.51.100.53", failed(Failure::error, "198.51.100.53 said SERVFAIL"));
  const auto ran = zone.odd();
  EXPECT_THAT(
      lines_of(ran),
      ElementsAre("warning ns1.example.org (192.0.2.53): asked for the MX of example.org: it answers without "
                  "authority (lame): it does not serve the zone",
                  "warning ns1.example.org (2001:db8::53): asked for the MX of example.org: it refuses to "
                  "answer: 2001:db8::53 said REFUSED",
                  "warning ns2.example.net (198.51.100.53): asked for the MX of example.org: it answers with "
                  "an error: 198.51.100.53 said SERVFAIL"));
  EXPECT_EQ(ran.findings.at(2).fix,
            "load the zone example.org there, or delete  example.org. NS ns2.example.net.");
  zone.at("192.0.2.53", failed(Failure::not_authoritative, "a referral"));
  EXPECT_THAT(lines_of(zone.odd()).at(0), HasSubstr("(lame)"));
}
TEST(MxOddAnswers, silence_is_unknown_and_no_route_is_our_own) {
  Zone zone;
  zone.at("192.0.2.53", mx({{10, "a.example.org"}}))
      .at("2001:db8::53", failed(Failure::unreachable, "no route"))
      .at("198.51.100.53", mx({{10, "a.example.org"}}));
  EXPECT_EQ(verdict(zone.odd()), "fine");
  zone.at("198.51.100.53", failed(Failure::silent, "no answer in 5 s"));
  EXPECT_EQ(verdict(zone.odd()),
            "unknown MX of example.org at ns2.example.net (198.51.100.53): no answer in 5 s");
  zone.at("198.51.100.53", failed(Failure::unreachable, "no route"))
      .at("192.0.2.53", failed(Failure::unreachable, "no route"));
  EXPECT_EQ(verdict(zone.odd()),
            "skipped: this machine has no route to 192.0.2.53, 2001:db8::53, 198.51.100.53");
}
TEST(MxOddAnswers, a_server_without_address_or_under_an_alias) {
  Zone zone("@ NS gone.example.net.\n@ NS www\nwww CNAME ns1\n");
  for (const std::string ip : {"192.0.2.53", "2001:db8::53", "198.51.100.53"})
    zone.at(ip, mx({{10, "a.example.org"}}));
  EXPECT_THAT(lines_of(zone.odd()),
              ElementsAre("warning gone.example.net: name server of example.org, but it has no address",
                          "warning www.example.org: name server of example.org, but an alias (CNAME)"));
}
TEST(MxOddAnswers, a_server_whose_address_is_unknown_is_not_called_missing) {
  Zone zone;
  for (const std::string ip : {"192.0.2.53", "2001:db8::53"}) zone.at(ip, mx({{10, "a.example.org"}}));
  zone.world().fails("ns2.example.net", dns::Type::a);
  EXPECT_EQ(verdict(zone.odd()), "unknown A of ns2.example.net: no answer: SERVFAIL from 192.0.2.53");
}
TEST(MxOddAnswers, a_zone_with_servers_without_number_keeps_us_busy_for_so_long_only) {
  std::string zone = "@ MX 10 a\n";
  for (int i = 0; i < 60; ++i) zone += fmt::format("@ NS n{:02}\nn{:02} A 192.0.2.{}\n", i, i, i + 1);
  CheckWorld world(zone);
  world.subject().authoritative = true;
  for (int i = 0; i < 40; ++i) {
    world.says(check::AskServer{{name("example.org"), dns::Type::mx},
                                IpAddress::v4(0xC0000201 + static_cast<uint32_t>(i))},
               mx({{10, "a.example.org"}}));
  }
  EXPECT_EQ(verdict(world.run(check::mx::odd_answers)),
            "unknown 20 more name servers of example.org: only the first 40 are asked");
}
}  // namespace
}  // namespace waybill
