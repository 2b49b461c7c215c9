// The resolver as production has it, against our own authoritative server on loopback, with every fault.
#include "resolve/unbound_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "support/dns_lab.h"

namespace waybill::resolve {
namespace {

using dns::Answer;
using dns::Kind;
using dns::Type;
using test::ask;
using test::DnsLab;
using testing::HasSubstr;

constexpr const char* kZone = R"(
$ORIGIN example.test.
$TTL 300
@       SOA ns admin 1 3600 600 86400 120
        NS  ns
        MX  10 mx1
        MX  20 mx2
ns      A   127.0.0.1
mx1     A   192.0.2.1
        AAAA 2001:db8::1
mx2  60 A   192.0.2.2
alias   CNAME mx2
alias2  CNAME alias
dead    CNAME nothing.example.test.
loop1   CNAME loop2
loop2   CNAME loop1
a.b     TXT "x"
only-a  A 192.0.2.9
)";

std::unique_ptr<UnboundResolver> forwarding(const DnsLab& lab, Millis timeout = Seconds(15)) {
  return std::move(UnboundResolver::open(
                       {.mode = Mode::forward, .servers = {lab.at()}, .dnssec = false, .timeout = timeout})
                       .value());
}

TEST(UnboundResolver, answers_with_records_and_ttl) {
  DnsLab lab(kZone);
  const auto resolver = forwarding(lab);
  const Answer answer = ask(*resolver, "example.test", Type::mx);
  ASSERT_EQ(answer.kind, Kind::present) << answer.why;
  ASSERT_EQ(answer.records.size(), 2U);
  EXPECT_EQ(answer.canonical, test::name("example.test"));
  EXPECT_TRUE(answer.chain.empty());
  EXPECT_LE(answer.ttl_s, 300U);
  EXPECT_GE(answer.ttl_s, 298U);
  EXPECT_FALSE(answer.secure);
  EXPECT_EQ(ask(*resolver, "mx1.example.test", Type::aaaa).records.at(0).data,
            dns::Data(IpAddress::parse("2001:db8::1").value()));
}

TEST(Rfc, rfc_002_nodata_is_not_nxdomain) {
  DnsLab lab(kZone);
  const auto resolver = forwarding(lab);
  EXPECT_EQ(ask(*resolver, "only-a.example.test", Type::mx).kind, Kind::nodata);
  EXPECT_EQ(ask(*resolver, "b.example.test", Type::mx).kind, Kind::nodata) << "an empty non-terminal exists";
  EXPECT_EQ(ask(*resolver, "no.example.test", Type::mx).kind, Kind::nxdomain);
}

TEST(Rfc, rfc_005_servfail_refused_and_silence_are_failed) {
  DnsLab lab(kZone, {"servfail.example.test=servfail", "refused.example.test=refused",
                     "silent.example.test=silent"});
  const auto resolver = forwarding(lab, Millis(1500));
  const Answer servfail = ask(*resolver, "servfail.example.test", Type::mx);
  EXPECT_EQ(servfail.kind, Kind::failed);
  EXPECT_FALSE(servfail.loop);
  EXPECT_THAT(servfail.why, HasSubstr("SERVFAIL"));
  EXPECT_THAT(servfail.why, HasSubstr(lab.at().to_string()));
  const Answer refused = ask(*resolver, "refused.example.test", Type::mx);
  EXPECT_EQ(refused.kind, Kind::failed);
  EXPECT_THAT(refused.why, HasSubstr("REFUSED"));
  const Answer silent = ask(*resolver, "silent.example.test", Type::mx);
  EXPECT_EQ(silent.kind, Kind::failed);
  EXPECT_THAT(silent.why, HasSubstr("timed out"));
}

TEST(UnboundResolver, forgets_on_demand_also_while_questions_are_under_way) {
  const std::string later = std::string(kZone).replace(std::string(kZone).find("192.0.2.9"), 9, "192.0.2.8");
  DnsLab lab(kZone, {"silent.example.test=silent"});
  const auto resolver = forwarding(lab, Millis(1500));
  const auto address = [&] { return ask(*resolver, "only-a.example.test", Type::a).records.at(0).data; };
  EXPECT_EQ(address(), dns::Data(IpAddress::parse("192.0.2.9").value()));
  lab.replace(later, {"silent.example.test=silent"});
  EXPECT_EQ(address(), dns::Data(IpAddress::parse("192.0.2.9").value())) << "the TTL is 300 s";
  std::atomic<int> ended = 0;
  resolver->resolve({test::name("silent.example.test"), Type::a}, [&](const Answer&) { ++ended; });
  resolver->forget();
  EXPECT_EQ(address(), dns::Data(IpAddress::parse("192.0.2.8").value()));
  // More at once than lives of libunbound may linger.
  for (int i = 0; i < 20; ++i) {
    resolver->forget();
    EXPECT_EQ(address(), dns::Data(IpAddress::parse("192.0.2.8").value()));
  }
  (void)ask(*resolver, "silent.example.test", Type::mx);
  EXPECT_EQ(ended, 1);
}

TEST(UnboundResolver, out_of_zone_names_are_refused_and_so_failed) {
  DnsLab lab(kZone);
  const auto resolver = forwarding(lab);
  EXPECT_EQ(ask(*resolver, "elsewhere.invalid", Type::a).kind, Kind::failed);
}

TEST(UnboundResolver, built_in_zones_are_asked_of_the_server) {
  DnsLab lab(
      "$TTL 60\nlocalhost. SOA . . 1 1 1 1 1\nlocalhost. A 127.0.0.9\n"
      "test. SOA . . 1 1 1 1 1\nmx.test. A 127.0.0.8\n"
      "168.192.in-addr.arpa. SOA . . 1 1 1 1 1\n1.0.168.192.in-addr.arpa. PTR host.test.\n"
      "127.in-addr.arpa. SOA . . 1 1 1 1 1\n1.0.0.127.in-addr.arpa. PTR lo.test.\n");
  const auto resolver = forwarding(lab);
  EXPECT_EQ(ask(*resolver, "localhost", Type::a).records.at(0).data,
            dns::Data(IpAddress::parse("127.0.0.9").value()));
  EXPECT_EQ(ask(*resolver, "mx.test", Type::a).kind, Kind::present);
  EXPECT_EQ(ask(*resolver, "1.0.168.192.in-addr.arpa", Type::ptr).records.at(0).data,
            dns::Data(test::name("host.test")));
  EXPECT_EQ(ask(*resolver, "1.0.0.127.in-addr.arpa", Type::ptr).records.at(0).data,
            dns::Data(test::name("lo.test")));
}

TEST(Rfc, rfc_016_the_chain_is_kept_with_the_answer) {
  DnsLab lab(kZone);
  const auto resolver = forwarding(lab);
  const Answer answer = ask(*resolver, "alias2.example.test", Type::a);
  ASSERT_EQ(answer.kind, Kind::present) << answer.why;
  EXPECT_THAT(answer.chain,
              testing::ElementsAre(test::name("alias2.example.test"), test::name("alias.example.test")));
  EXPECT_EQ(answer.canonical, test::name("mx2.example.test"));
  EXPECT_LE(answer.ttl_s, 60U) << "the lowest of the chain";
}

TEST(Rfc, rfc_017_cname_loop_is_told_apart) {
  DnsLab lab(kZone);
  const auto resolver = forwarding(lab);
  const Answer answer = ask(*resolver, "loop1.example.test", Type::mx);
  EXPECT_EQ(answer.kind, Kind::failed);
  EXPECT_TRUE(answer.loop) << answer.why;
}

std::string chain_zone(int links) {
  std::string zone = "$ORIGIN chain.test.\n$TTL 60\n@ SOA ns a 1 1 1 1 1\n";
  for (int i = 0; i < links; ++i) zone += fmt::format("c{} CNAME c{}\n", i, i + 1);
  return zone + fmt::format("c{} A 192.0.2.7\n", links);
}

TEST(Rfc, rfc_017_sixteen_links_are_followed_seventeen_are_not) {
  DnsLab lab(chain_zone(17));
  const auto resolver = forwarding(lab);
  const Answer sixteen = ask(*resolver, "c1.chain.test", Type::a);
  EXPECT_EQ(sixteen.kind, Kind::present) << sixteen.why;
  EXPECT_EQ(sixteen.chain.size(), 16U);
  EXPECT_EQ(sixteen.canonical, test::name("c17.chain.test"));
  const Answer seventeen = ask(*resolver, "c0.chain.test", Type::a);
  EXPECT_EQ(seventeen.kind, Kind::failed);
  EXPECT_TRUE(seventeen.loop) << seventeen.why;
}

TEST(Rfc, rfc_018_cname_to_nxdomain_is_nxdomain) {
  DnsLab lab(kZone);
  const auto resolver = forwarding(lab);
  const Answer answer = ask(*resolver, "dead.example.test", Type::mx);
  EXPECT_EQ(answer.kind, Kind::nxdomain);
  EXPECT_EQ(answer.canonical, test::name("nothing.example.test"));
}

TEST(Rfc, rfc_029_truncated_answers_are_asked_again_over_tcp) {
  std::string zone = "$ORIGIN big.test.\n$TTL 60\n@ SOA ns a 1 1 1 1 1\n";
  for (int i = 0; i < 300; ++i)
    zone += fmt::format("@ MX {} a-rather-long-host-name-{}.elsewhere.test.\n", i, i);
  DnsLab lab(zone + "small A 192.0.2.1\n", {"small.big.test=truncate"});
  const auto resolver = forwarding(lab);
  const Answer big = ask(*resolver, "big.test", Type::mx);
  ASSERT_EQ(big.kind, Kind::present) << big.why;
  EXPECT_EQ(big.records.size(), 300U);
  EXPECT_EQ(ask(*resolver, "small.big.test", Type::a).kind, Kind::present);
}

TEST(Rfc, rfc_030_wrong_id_question_or_port_is_ignored) {
  DnsLab lab(kZone, {"mx1.example.test=wrong-id,times=1", "mx2.example.test=wrong-question,times=1",
                     "only-a.example.test=wrong-port,times=1"});
  const auto resolver = forwarding(lab);
  // The first reply is ignored, the next try answers: had the wrong one counted, this would be another
  // answer.
  EXPECT_EQ(ask(*resolver, "mx1.example.test", Type::a).kind, Kind::present);
  EXPECT_EQ(ask(*resolver, "mx2.example.test", Type::a).kind, Kind::present);
  EXPECT_EQ(ask(*resolver, "only-a.example.test", Type::a).kind, Kind::present);
  EXPECT_GE(lab.seen().size(), 6U);
}

TEST(Rfc, rfc_030_only_wrong_replies_are_failed_never_absent) {
  DnsLab lab(kZone, {"*=wrong-id"});
  const auto resolver = forwarding(lab, Millis(1200));
  EXPECT_EQ(ask(*resolver, "no.example.test", Type::a).kind, Kind::failed);
}

TEST(Rfc, rfc_031_case_and_final_dot_make_no_difference) {
  DnsLab lab(kZone);
  const auto resolver = forwarding(lab);
  EXPECT_EQ(ask(*resolver, "EXAMPLE.Test.", Type::mx).records,
            ask(*resolver, "example.test", Type::mx).records);
}

TEST(Rfc, rfc_035_single_label_is_asked_as_it_is) {
  DnsLab lab("$TTL 60\nmailhost. SOA . . 1 1 1 1 1\nmailhost. A 192.0.2.1\n");
  const auto resolver = forwarding(lab);
  EXPECT_EQ(ask(*resolver, "mailhost", Type::a).kind, Kind::present);
  for (const std::string& line : lab.seen()) EXPECT_THAT(line, HasSubstr(" mailhost ")) << "no search list";
}

TEST(Rfc, rfc_039_negative_ttl_is_the_lower_of_soa_ttl_and_minimum) {
  DnsLab lab(kZone);
  const auto resolver = forwarding(lab);
  const Answer answer = ask(*resolver, "no.example.test", Type::a);
  EXPECT_EQ(answer.kind, Kind::nxdomain);
  EXPECT_LE(answer.ttl_s, 120U);
  EXPECT_GE(answer.ttl_s, 118U);
}

TEST(Rfc, rfc_142_ptr_behind_a_cname_is_followed) {
  DnsLab lab(
      "$TTL 60\n2.0.192.in-addr.arpa. SOA . . 1 1 1 1 1\n"
      "5.2.0.192.in-addr.arpa. CNAME 5.0-63.2.0.192.in-addr.arpa.\n"
      "5.0-63.2.0.192.in-addr.arpa. PTR host.example.test.\n");
  const auto resolver = forwarding(lab);
  const Answer answer = ask(*resolver, "5.2.0.192.in-addr.arpa", Type::ptr);
  ASSERT_EQ(answer.kind, Kind::present) << answer.why;
  EXPECT_EQ(answer.records.at(0).data, dns::Data(test::name("host.example.test")));
}

TEST(UnboundResolver, a_delayed_answer_arrives) {
  DnsLab lab(kZone, {"mx1.example.test=delay:200ms,times=1"});
  const auto resolver = forwarding(lab);
  EXPECT_EQ(ask(*resolver, "mx1.example.test", Type::a).kind, Kind::present);
}

TEST(UnboundResolver, equal_questions_under_way_are_asked_once) {
  DnsLab lab(kZone, {"mx1.example.test=delay:100ms"});
  const auto resolver = forwarding(lab);
  std::atomic<int> present = 0;
  std::promise<void> all;
  constexpr int kAskers = 50;
  for (int i = 0; i < kAskers; ++i) {
    resolver->resolve({test::name("mx1.example.test"), Type::a}, [&](const Answer& answer) {
      if (answer.present() && ++present == kAskers) all.set_value();
    });
  }
  ASSERT_EQ(all.get_future().wait_for(Seconds(10)), std::future_status::ready);
  EXPECT_EQ(lab.seen().size(), 1U);
}

TEST(UnboundResolver, many_questions_from_many_threads) {
  std::string zone = "$ORIGIN many.test.\n$TTL 60\n@ SOA ns a 1 1 1 1 1\n";
  for (int i = 0; i < 400; ++i) zone += fmt::format("h{} A 192.0.2.{}\n", i, i % 250 + 1);
  DnsLab lab(zone);
  const auto resolver = forwarding(lab);
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < 400; i += 4)
        good += ask(*resolver, fmt::format("h{}.many.test", i), Type::a).present();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

TEST(UnboundResolver, its_end_ends_what_waits) {
  DnsLab lab(kZone, {"*=silent"});
  auto resolver = forwarding(lab);
  std::promise<Answer> promise;
  resolver->resolve({test::name("example.test"), Type::mx},
                    [&](Answer a) { promise.set_value(std::move(a)); });
  resolver.reset();
  const Answer answer = promise.get_future().get();
  EXPECT_EQ(answer.kind, Kind::failed);
  EXPECT_EQ(answer.why, "shutting down");
}

TEST(UnboundResolver, recovers_when_the_server_does) {
  DnsLab lab(kZone, {"*=silent"});
  const auto resolver = forwarding(lab, Millis(700));
  EXPECT_EQ(ask(*resolver, "mx1.example.test", Type::a).kind, Kind::failed);
  lab.replace(kZone);
  Answer answer;
  for (int tries = 0; tries < 20 && !answer.present(); ++tries)
    answer = ask(*resolver, "mx2.example.test", Type::a);
  EXPECT_EQ(answer.kind, Kind::present) << answer.why;
}

TEST(UnboundResolver, odd_names_reach_the_server_as_they_are) {
  DnsLab lab(
      "$ORIGIN odd.test.\n$TTL 60\n@ SOA ns a 1 1 1 1 1\n"
      "a\\.b A 192.0.2.1\nsp\\032ace A 192.0.2.2\nnul\\000l A 192.0.2.3\n_dmarc TXT \"x\"\n");
  const auto resolver = forwarding(lab);
  EXPECT_EQ(ask(*resolver, "a\\.b.odd.test", Type::a).kind, Kind::present);
  EXPECT_EQ(ask(*resolver, "sp\\032ace.odd.test", Type::a).kind, Kind::present);
  EXPECT_EQ(ask(*resolver, "nul\\000l.odd.test", Type::a).kind, Kind::present);
  EXPECT_EQ(ask(*resolver, "_dmarc.odd.test", Type::txt).kind, Kind::present);
}

TEST(Immunity, bogus_is_neither_absent_nor_present) {
  // The trust anchor says that the zone is signed with a key that it does not have: stripped or forged.
  DnsLab lab(kZone);
  const auto resolver = std::move(
      UnboundResolver::open({.mode = Mode::forward,
                             .servers = {lab.at()},
                             .dnssec = true,
                             .trust_anchors = {"example.test. IN DS 4711 13 2 " + std::string(64, 'A')}})
          .value());
  for (const char* asked : {"example.test", "no.example.test", "only-a.example.test"}) {
    for (int again = 0; again < 2; ++again) {
      const Answer answer = ask(*resolver, asked, Type::mx);
      EXPECT_EQ(answer.kind, Kind::bogus) << asked << ": " << answer.why;
      EXPECT_FALSE(answer.secure);
      EXPECT_FALSE(answer.why.empty());
    }
  }
}

TEST(UnboundResolver, says_why_it_cannot_start) {
  const auto bad = UnboundResolver::open({.mode = Mode::recursive, .trust_anchors = {"no anchor at all"}});
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error().what, HasSubstr("anchor"));
}

}  // namespace
}  // namespace waybill::resolve
