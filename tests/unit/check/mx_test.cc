#include "check/mx/mx.h"

#include "support/check_kit.h"

namespace waybill {
namespace {
using check::Level;
using test::CheckWorld;
using test::verdict;
using testing::HasSubstr;

TEST(MxNone, a_domain_with_an_mx_is_fine) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na A 192.0.2.1").run(check::mx::none)), "fine");
}
TEST(MxNone, an_address_alone_is_a_notice_and_nothing_at_all_a_warning) {
  const auto implicit = CheckWorld("@ A 192.0.2.1").run(check::mx::none);
  EXPECT_EQ(verdict(implicit),
            "notice example.org: no MX record: mail goes to the domain's own address 192.0.2.1");
  EXPECT_EQ(CheckWorld("@ TXT x").run(check::mx::none).findings.at(0).level, Level::warning);
}
TEST(MxNone, a_failure_is_never_called_missing) {
  const auto ran = CheckWorld("@ A 192.0.2.1").fails("example.org", dns::Type::mx).run(check::mx::none);
  EXPECT_EQ(ran.state, check::State::unknown);
  EXPECT_THAT(verdict(ran), HasSubstr("unknown MX of example.org: no answer: SERVFAIL from 192.0.2.53"));
}

TEST(MxNone, aliases_that_lead_nowhere_bounce_all_mail_and_a_missing_domain_is_no_implicit_mx) {
  const dns::Answer loop{.kind = dns::Kind::failed, .loop = true, .why = "a CNAME loop"};
  const auto ran =
      CheckWorld("a A 192.0.2.1").answers("example.org", dns::Type::mx, loop).run(check::mx::none);
  EXPECT_EQ(verdict(ran),
            "warning example.org: its aliases (CNAME) lead nowhere: a CNAME loop; all mail for it bounces");
  const dns::Answer gone{.kind = dns::Kind::nxdomain, .canonical = dns::Name::parse("example.org").value()};
  EXPECT_EQ(
      verdict(CheckWorld("@ A 192.0.2.1").answers("example.org", dns::Type::mx, gone).run(check::mx::none)),
      "warning example.org: the domain does not exist (NXDOMAIN)");
}
TEST(MxNone, an_unknown_address_is_not_called_missing) {
  const auto ran = CheckWorld("@ TXT x").fails("example.org", dns::Type::aaaa).run(check::mx::none);
  EXPECT_EQ(ran.state, check::State::unknown);
}

check::AskProbe probe(const std::string& host, const std::string& ip) {
  return {dns::Name::parse(host).value(), IpAddress::parse(ip).value(), 25,
          dns::Name::parse("example.org").value()};
}
check::ProbeSaid said(check::ProbeSaid::Reach reach, std::string why, uint16_t code = 0) {
  return {
      .reach = reach, .why = std::move(why), .banner_code = code, .banner = "mx ready", .banner_host = "mx"};
}
using Reach = check::ProbeSaid::Reach;

TEST(MxImplicitSilent, only_with_probe) {
  EXPECT_EQ(verdict(CheckWorld("@ A 192.0.2.1").run(check::mx::implicit_silent)),
            "skipped: only with --probe");
}
TEST(MxImplicitSilent, an_address_that_does_not_answer_is_an_error) {
  CheckWorld world("@ A 192.0.2.1");
  world.subject().probe = world.subject().lab = true;
  world.says(probe("example.org", "192.0.2.1"), said(Reach::refused, "connection refused"));
  const auto ran = world.run(check::mx::implicit_silent);
  EXPECT_EQ(verdict(ran),
            "error example.org: no MX record, and no mail server at its own address on port 25: 192.0.2.1: "
            "connection refused");
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("example.org. MX 0 ."));
}
TEST(MxImplicitSilent, one_address_that_answers_is_enough) {
  CheckWorld world("@ A 192.0.2.1\n@ AAAA 2001:db8::1");
  world.subject().probe = world.subject().lab = true;
  world.says(probe("example.org", "192.0.2.1"), said(Reach::answered, "", 220))
      .says(probe("example.org", "2001:db8::1"), said(Reach::timed_out, "no answer in 10 s"));
  EXPECT_EQ(verdict(world.run(check::mx::implicit_silent)), "fine");
}
TEST(MxImplicitSilent, a_521_takes_no_mail) {
  CheckWorld world("@ A 192.0.2.1");
  world.subject().probe = world.subject().lab = true;
  world.says(probe("example.org", "192.0.2.1"), said(Reach::answered, "", 521));
  EXPECT_THAT(verdict(world.run(check::mx::implicit_silent)), HasSubstr("192.0.2.1: 521 mx ready"));
}
TEST(MxImplicitSilent, no_route_from_here_is_not_the_domains_fault) {
  CheckWorld world("@ AAAA 2001:db8::1");
  world.subject().probe = world.subject().lab = true;
  world.says(probe("example.org", "2001:db8::1"), said(Reach::unreachable, "no route"));
  EXPECT_EQ(verdict(world.run(check::mx::implicit_silent)),
            "skipped: this machine has no route to 2001:db8::1");
}
TEST(MxImplicitSilent, nobodys_address_is_not_connected_to) {
  CheckWorld world("@ A 127.0.0.1\n@ A 10.0.0.1");
  world.subject().probe = true;
  EXPECT_EQ(verdict(world.run(check::mx::implicit_silent)), "skipped: example.org has no public address");
}
TEST(MxImplicitSilent, nothing_to_judge_where_there_is_an_mx_or_nothing) {
  for (const auto& [zone, why] :
       {std::pair{"@ MX 10 a\na A 192.0.2.1", "example.org has MX records"},
        std::pair{"@ MX 0 .", "example.org takes no mail (null MX)"},
        std::pair{"@ TXT x", "example.org has neither an MX record nor an address"}}) {
    CheckWorld world(zone);
    world.subject().probe = world.subject().lab = true;
    EXPECT_EQ(verdict(world.run(check::mx::implicit_silent)), std::string("skipped: ") + why);
  }
  CheckWorld world("@ TXT x");
  world.subject().probe = world.subject().lab = true;
  world.fails("example.org", dns::Type::a);
  EXPECT_EQ(world.run(check::mx::implicit_silent).state, check::State::unknown);
}

TEST(MxSingle, one_host_is_a_notice) {
  const auto ran = CheckWorld("@ MX 10 a\na A 192.0.2.1").run(check::mx::single);
  EXPECT_EQ(
      verdict(ran),
      "notice example.org: one MX host, a.example.org: while it can't be reached, all mail waits at its "
      "senders");
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. MX 20 A-SECOND-HOST.");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\n@ MX 20 A").run(check::mx::single)).substr(0, 6), "notice");
}
TEST(MxSingle, two_hosts_are_fine_and_none_is_left_out) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\n@ MX 10 b").run(check::mx::single)), "fine");
  EXPECT_EQ(verdict(CheckWorld("@ MX 0 .").run(check::mx::single)),
            "skipped: example.org takes no mail (null MX)");
  EXPECT_EQ(verdict(CheckWorld("@ A 192.0.2.1").run(check::mx::single)),
            "skipped: example.org has no MX record");
  EXPECT_EQ(CheckWorld("@ MX 10 a").fails("example.org", dns::Type::mx).run(check::mx::single).state,
            check::State::unknown);
}
TEST(MxSingle, the_highest_preference_stays_one) {
  EXPECT_EQ(CheckWorld("@ MX 65535 a").run(check::mx::single).findings.at(0).fix,
            "example.org. MX 65535 A-SECOND-HOST.");
}

TEST(MxTtl, what_a_zone_file_says_counts_as_it_stands) {
  EXPECT_EQ(verdict(CheckWorld("@ 300 MX 10 a").run(check::mx::ttl)), "fine");
  EXPECT_EQ(verdict(CheckWorld("@ 172800 MX 10 a").run(check::mx::ttl)), "fine");
  const auto low = CheckWorld("@ 299 MX 10 a").run(check::mx::ttl);
  EXPECT_EQ(verdict(low), "notice example.org: a TTL of 299 s: its MX is asked for again and again");
  EXPECT_EQ(low.findings.at(0).fix,
            "example.org. 3600 MX 10 a.example.org.   and so for each of its MX records");
  EXPECT_EQ(verdict(CheckWorld("@ 172801 MX 10 a").run(check::mx::ttl)),
            "notice example.org: a TTL of 172801 s (2.0 days): a change takes as long");
  EXPECT_EQ(CheckWorld("@ 60 MX 0 .").run(check::mx::ttl).findings.at(0).fix,
            "example.org. 3600 MX 0 .   and so for each of its MX records");
}
dns::Answer cached_mx(uint32_t ttl_s) {
  const auto name = dns::Name::parse("example.org").value();
  const dns::Mx mx{10, dns::Name::parse("a.example.org").value()};
  return {.kind = dns::Kind::present,
          .records = {{name, dns::Type::mx, ttl_s, mx}},
          .canonical = name,
          .ttl_s = ttl_s,
          .source = dns::Source::network};
}
TEST(MxTtl, what_a_cache_has_left_may_be_the_rest_of_more) {
  CheckWorld world("a A 192.0.2.1");
  world.answers("example.org", dns::Type::mx, cached_mx(60));
  EXPECT_EQ(verdict(world.run(check::mx::ttl)),
            "skipped: a resolver holds the MX of example.org for 60 s more, which need not be its whole TTL: "
            "--authoritative asks its name servers");
  world.answers("example.org", dns::Type::mx, cached_mx(3600));
  EXPECT_EQ(verdict(world.run(check::mx::ttl)), "fine");
  world.answers("example.org", dns::Type::mx, cached_mx(900000));
  EXPECT_EQ(world.run(check::mx::ttl).findings.at(0).level, Level::notice);
}
TEST(MxTtl, the_zones_own_servers_tell_it_whole) {
  CheckWorld world("@ NS ns1\nns1 A 192.0.2.53\na A 192.0.2.1");
  world.answers("example.org", dns::Type::mx, cached_mx(60)).subject().authoritative = true;
  const check::AskServer ask{{dns::Name::parse("example.org").value(), dns::Type::mx},
                             IpAddress::parse("192.0.2.53").value()};
  world.says(ask, check::ServerSaid{.answer = cached_mx(3600), .authoritative = true});
  EXPECT_EQ(verdict(world.run(check::mx::ttl)), "fine");
  world.says(ask, check::ServerSaid{.answer = cached_mx(60), .authoritative = true});
  EXPECT_EQ(verdict(world.run(check::mx::ttl)),
            "notice example.org: a TTL of 60 s: its MX is asked for again and again");
  world.says(ask, check::ServerSaid{.answer = dns::Answer::failure("no answer in 5 s")});
  EXPECT_EQ(verdict(world.run(check::mx::ttl)), "skipped: no name server of example.org told the TTL");
}
}  // namespace
}  // namespace waybill
