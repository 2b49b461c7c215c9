// The stub client over real sockets, against our own authoritative server with every fault that it can play.
#include "resolve/stub_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

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
dead    CNAME nothing.example.test.
loop1   CNAME loop2
loop2   CNAME loop1
away    CNAME www.elsewhere.test.
only-a  A 192.0.2.9
)";

std::unique_ptr<StubResolver> stub(std::vector<Endpoint> servers, StubOptions options = {}) {
  options.servers = std::move(servers);
  return std::move(StubResolver::open(std::move(options)).value());
}

/// Time-outs of a laboratory: loopback needs no second.
StubOptions quick(Millis timeout = Seconds(15)) { return {.timeout = timeout, .try_first = Millis(150)}; }

size_t count(const DnsLab& lab, std::string_view what) {
  size_t found = 0;
  for (const std::string& line : lab.seen()) found += line.find(what) == std::string::npos ? 0 : 1;
  return found;
}

TEST(StubResolver, answers_present_and_absent) {
  const DnsLab lab(kZone);
  const auto resolver = stub({lab.at()});
  const Answer mx = ask(*resolver, "example.test", Type::mx);
  ASSERT_EQ(mx.kind, Kind::present) << mx.why;
  EXPECT_EQ(mx.records.size(), 2U);
  EXPECT_EQ(mx.ttl_s, 300U);
  EXPECT_FALSE(mx.secure);
  EXPECT_EQ(ask(*resolver, "MX1.example.test", Type::aaaa).records.at(0).data,
            dns::Data(IpAddress::parse("2001:db8::1").value()));
  EXPECT_EQ(ask(*resolver, "only-a.example.test", Type::aaaa).kind, Kind::nodata);
  const Answer none = ask(*resolver, "none.example.test", Type::mx);
  EXPECT_EQ(none.kind, Kind::nxdomain);
  EXPECT_EQ(none.ttl_s, 120U);
}

TEST(StubResolver, follows_aliases_and_never_reads_a_loop_or_a_strange_zone_as_absent) {
  const DnsLab lab(kZone);
  const auto resolver = stub({lab.at()});
  const Answer alias = ask(*resolver, "alias.example.test", Type::a);
  ASSERT_EQ(alias.kind, Kind::present) << alias.why;
  EXPECT_EQ(alias.chain.size(), 1U);
  EXPECT_EQ(alias.ttl_s, 60U);
  EXPECT_EQ(ask(*resolver, "dead.example.test", Type::a).kind, Kind::nxdomain);
  const Answer loop = ask(*resolver, "loop1.example.test", Type::a);
  EXPECT_EQ(loop.kind, Kind::failed);
  EXPECT_TRUE(loop.loop);
  // The server has only the first half of this chain.
  const Answer away = ask(*resolver, "away.example.test", Type::a);
  EXPECT_EQ(away.kind, Kind::failed);
  EXPECT_THAT(away.why, HasSubstr("REFUSED (asked " + lab.at().to_string()));
  EXPECT_EQ(ask(*resolver, "www.elsewhere.test", Type::mx).kind, Kind::failed);
}

TEST(StubResolver, rfc_029_truncated_is_asked_again_over_tcp) {
  const DnsLab lab(kZone, {"*/MX=truncate"});
  const auto resolver = stub({lab.at()});
  const Answer answer = ask(*resolver, "example.test", Type::mx);
  ASSERT_EQ(answer.kind, Kind::present) << answer.why;
  EXPECT_EQ(answer.records.size(), 2U);
  EXPECT_EQ(resolver->counts().over_tcp, 1U);
}

TEST(StubResolver, rfc_030_answers_that_match_nothing_are_ignored) {
  for (const std::string fault : {"wrong-id", "wrong-question", "wrong-port"}) {
    const DnsLab lab(kZone, {"*=" + fault});
    const auto resolver = stub({lab.at()}, quick(Millis(400)));
    const Answer answer = ask(*resolver, "example.test", Type::mx);
    EXPECT_EQ(answer.kind, Kind::failed) << fault;
    EXPECT_THAT(answer.why, HasSubstr("timed out after")) << fault;
    EXPECT_THAT(answer.why, HasSubstr(lab.at().to_string())) << fault;
    EXPECT_GE(resolver->counts().queries, 2U) << fault;
  }
  const DnsLab once(kZone, {"*=wrong-id,times=1"});
  const auto resolver = stub({once.at()}, quick());
  EXPECT_EQ(ask(*resolver, "example.test", Type::mx).kind, Kind::present) << "the repetition is answered";
  EXPECT_EQ(resolver->counts().lost, 1U);
  EXPECT_EQ(resolver->counts().again, 1U);
}

TEST(StubResolver, rfc_005_failures_are_unknown_and_not_asked_twice_of_one_server) {
  for (const std::string fault : {"servfail", "refused"}) {
    const DnsLab lab(kZone, {"*=" + fault});
    const auto resolver = stub({lab.at()});
    EXPECT_EQ(ask(*resolver, "example.test", Type::mx).kind, Kind::failed);
    EXPECT_EQ(lab.seen().size(), 1U);
    EXPECT_EQ(resolver->counts().refused, 1U);
  }
}

TEST(StubResolver, another_server_stands_in) {
  const DnsLab broken(kZone, {"*=servfail"});
  const DnsLab silent(kZone, {"*=silent"});
  const DnsLab good(kZone);
  const auto resolver = stub({broken.at(), silent.at(), good.at()}, quick());
  for (const char* of : {"example.test", "mx1.example.test", "only-a.example.test", "ns.example.test"}) {
    EXPECT_TRUE(ask(*resolver, of, Type::a).kind != Kind::failed) << of;
  }
}

TEST(StubResolver, a_late_answer_to_an_earlier_try_counts) {
  const DnsLab lab(kZone, {"*=delay:400ms,times=1", "*=silent"});
  const auto resolver = stub({lab.at()}, quick());
  EXPECT_EQ(ask(*resolver, "example.test", Type::mx).kind, Kind::present);
}

TEST(StubResolver, equal_questions_under_way_are_asked_once) {
  const DnsLab lab(kZone, {"*=delay:200ms"});
  const auto resolver = stub({lab.at()});
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 20; ++i) {
    auto promise = std::make_shared<std::promise<Answer>>();
    answers.push_back(promise->get_future());
    resolver->resolve({test::name("example.test"), Type::mx},
                      [promise](Answer a) { promise->set_value(std::move(a)); });
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get().records.size(), 2U);
  EXPECT_EQ(count(lab, "MX example.test"), 1U);
}

TEST(StubResolver, many_questions_end_and_ports_change) {
  const DnsLab lab(kZone);
  const auto resolver = stub({lab.at()}, {.channels = 3, .channel_queries_max = 40});
  std::atomic<int> present{0};
  std::vector<std::future<void>> ends;
  for (int i = 0; i < 2000; ++i) {
    auto promise = std::make_shared<std::promise<void>>();
    ends.push_back(promise->get_future());
    resolver->resolve({test::name(fmt::format("n{}.example.test", i)), Type::a},
                      [promise, &present](const Answer& a) {
                        present += a.kind == Kind::nxdomain ? 1 : 0;
                        promise->set_value();
                      });
  }
  for (auto& end : ends) end.get();
  EXPECT_EQ(present.load(), 2000);
  EXPECT_GE(resolver->counts().queries, 2000U);
}

TEST(StubResolver, its_end_fails_what_waits) {
  const DnsLab lab(kZone, {"*=silent"});
  auto resolver = stub({lab.at()});
  std::promise<Answer> promise;
  resolver->resolve({test::name("example.test"), Type::mx},
                    [&](Answer a) { promise.set_value(std::move(a)); });
  resolver.reset();
  EXPECT_THAT(promise.get_future().get().why, HasSubstr("shutting down"));
  EXPECT_FALSE(StubResolver::open({}).has_value());
}

TEST(StubResolver, the_stack_remembers_hosts_but_no_mx) {
  const DnsLab lab(kZone);
  const SystemClock clock;
  const auto stack = std::move(make_direct_stack({.servers = {lab.at()}}, {}, clock).value());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask(*stack, "example.test", Type::mx).kind, Kind::present);
    EXPECT_EQ(ask(*stack, "mx1.example.test", Type::a).kind, Kind::present);
  }
  EXPECT_EQ(count(lab, "MX example.test"), 2U);
  EXPECT_EQ(count(lab, "A mx1.example.test"), 1U);
}

}  // namespace
}  // namespace waybill::resolve
