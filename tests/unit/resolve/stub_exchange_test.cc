// The stub client without sockets: time by hand, packets by hand.
#include "resolve/stub_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "dns/message.h"
#include "resolve/stub_reply.h"
#include "support/dns_lab.h"

namespace waybill::resolve {
namespace {
using dns::Answer;
using dns::Kind;
using dns::Message;
using dns::Type;
using test::name;
using testing::HasSubstr;
using What = StubReply::What;

const Endpoint kFirst{IpAddress::v4(0xC0000235), 53};
const Endpoint kSecond{IpAddress::v4(0xC0000236), 53};

class StubExchangeTest : public testing::Test {
 protected:
  void open(std::vector<Endpoint> servers, StubOptions options = {}) {
    options.servers = std::move(servers);
    exchange_ = std::make_unique<StubExchange>(
        std::move(options), [this] { return random_ = random_ * 1'664'525 + 1'013'904'223; });
  }
  void ask(std::string_view of, Type type = Type::mx) {
    exchange_->ask({name(of), type}, [this](Answer answer) { answers_.push_back(std::move(answer)); }, now_);
  }
  struct Sent {
    size_t server, channel;
    std::string query;
  };
  std::vector<Sent> send() {
    std::vector<Sent> out;
    while (auto batch = exchange_->next(now_, 8)) {
      for (std::string& query : batch->datagrams)
        out.push_back({batch->server, batch->channel, std::move(query)});
    }
    return out;
  }
  static std::string reply(const Sent& to, dns::Rcode rcode, std::vector<dns::Record> answers = {},
                           std::vector<dns::Record> authority = {}) {
    Message message = dns::parse_message(to.query).value();
    message.response = message.recursion_available = true;
    message.rcode = rcode;
    message.answers = std::move(answers);
    message.authority = std::move(authority);
    return dns::encode_message(message);
  }
  void hear(const Sent& at, std::string_view packet) {
    exchange_->received(at.server, at.channel, packet, now_);
    exchange_->deliver();
  }
  void pass(Millis span) {
    now_ += span;
    exchange_->expire(now_);
    exchange_->deliver();
  }
  static dns::Record mx(std::string_view of) {
    return {name(of), Type::mx, 60, dns::Mx{10, name("mx.test")}};
  }

  std::unique_ptr<StubExchange> exchange_;
  std::vector<Answer> answers_;
  Steady now_{Millis(1'000'000)};
  uint32_t random_ = 1;
};

TEST_F(StubExchangeTest, a_query_is_one_question_with_recursion_and_edns) {
  open({kFirst});
  ask("Example.test");
  const auto sent = send();
  ASSERT_EQ(sent.size(), 1U);
  const Message query = dns::parse_message(sent[0].query).value();
  EXPECT_TRUE(query.recursion_desired);
  EXPECT_FALSE(query.response);
  ASSERT_TRUE(query.edns.has_value());
  EXPECT_EQ(query.edns->udp_octets_max, 1232);
  EXPECT_EQ(query.questions.at(0).name, name("example.test"));
}

TEST_F(StubExchangeTest, rfc_030_only_the_right_id_port_and_question_are_heard) {
  open({kFirst});
  ask("example.test");
  const auto sent = send();
  std::string good = reply(sent[0], dns::Rcode::noerror, {mx("example.test")});
  std::string wrong_id = good;
  wrong_id[1] = static_cast<char>(wrong_id[1] ^ 1);
  hear(sent[0], wrong_id);
  std::string wrong_type = good;
  wrong_type[12 + 14 + 1] = 1;
  hear(sent[0], wrong_type);
  std::string wrong_class = good;
  wrong_class[12 + 14 + 3] = 3;
  hear(sent[0], wrong_class);
  std::string wrong_name = good;
  wrong_name[14] = 'z';
  hear(sent[0], wrong_name);
  hear(sent[0], sent[0].query);  // a query is no answer
  hear({sent[0].server, (sent[0].channel + 1) % 8, {}}, good);
  hear(sent[0], good.substr(0, 11));
  hear(sent[0], "");
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(exchange_->counts().ignored, 8U);
  good[13] = 'E';  // the case of the question says nothing (RFC 4343)
  hear(sent[0], good);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].kind, Kind::present) << answers_[0].why;
  hear(sent[0], good);
  EXPECT_EQ(answers_.size(), 1U) << "an answer that comes twice";
}

TEST_F(StubExchangeTest, silence_is_repeated_with_longer_waits_and_ends_as_unknown) {
  open({kFirst});
  ask("example.test");
  std::set<std::string> ids;
  for (const Millis wait : {Millis(1000), Millis(2000), Millis(4000)}) {
    const auto sent = send();
    ASSERT_EQ(sent.size(), 1U);
    ids.insert(sent[0].query.substr(0, 2));
    pass(wait - Millis(1));
    EXPECT_TRUE(send().empty());
    pass(Millis(1));
  }
  ASSERT_EQ(send().size(), 1U);
  pass(Millis(8000));
  EXPECT_TRUE(send().empty());
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].kind, Kind::failed);
  EXPECT_EQ(answers_[0].why, "timed out after 15s and 4 tries (asked 192.0.2.53:53)");
  EXPECT_EQ(ids.size(), 3U) << "a new id each time";
  EXPECT_EQ(exchange_->counts().lost, 4U);
  EXPECT_EQ(exchange_->counts().again, 3U);
  EXPECT_EQ(exchange_->under_way(), 0U);
}

TEST_F(StubExchangeTest, a_late_answer_counts_and_ends_the_other_tries) {
  open({kFirst});
  ask("example.test");
  const auto first = send();
  pass(Millis(1000));
  const auto second = send();
  ASSERT_EQ(second.size(), 1U);
  hear(first[0], reply(first[0], dns::Rcode::nxdomain));
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].kind, Kind::nxdomain);
  hear(second[0], reply(second[0], dns::Rcode::noerror, {mx("example.test")}));
  EXPECT_EQ(answers_.size(), 1U);
  EXPECT_EQ(exchange_->window(0).open(), 0U);
}

TEST_F(StubExchangeTest, repetitions_and_failures_go_to_the_next_server) {
  open({kFirst, kSecond});
  ask("example.test");
  const auto first = send();
  pass(Millis(1000));
  const auto second = send();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_NE(first[0].server, second[0].server);
  hear(second[0], reply(second[0], dns::Rcode::servfail));
  ASSERT_EQ(answers_.size(), 1U) << "each server had its chance";
  EXPECT_THAT(answers_[0].why, HasSubstr("SERVFAIL (asked "));
  ask("example.test");
  const auto again = send();
  hear(again[0], reply(again[0], dns::Rcode::refused));
  const auto other = send();
  ASSERT_EQ(other.size(), 1U);
  EXPECT_NE(again[0].server, other[0].server);
  hear(other[0], reply(other[0], dns::Rcode::noerror, {mx("example.test")}));
  EXPECT_EQ(answers_.back().kind, Kind::present);
}

TEST_F(StubExchangeTest, a_server_that_knows_no_edns_is_asked_without) {
  open({kFirst});
  ask("example.test");
  auto sent = send();
  hear(sent[0], reply(sent[0], dns::Rcode::formerr).substr(0, 12).replace(4, 8, std::string(8, '\0')));
  sent = send();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_FALSE(dns::parse_message(sent[0].query).value().edns.has_value());
  hear(sent[0], reply(sent[0], dns::Rcode::formerr));
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_THAT(answers_[0].why, HasSubstr("FORMERR"));
}

TEST_F(StubExchangeTest, a_chain_out_of_the_server_s_zones_is_followed_to_its_end) {
  open({kFirst});
  ask("www.example.test", Type::a);
  auto sent = send();
  hear(sent[0],
       reply(sent[0], dns::Rcode::noerror, {{name("www.example.test"), Type::cname, 30, name("far.test")}}));
  EXPECT_TRUE(answers_.empty()) << "nothing was said of far.test";
  sent = send();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(dns::parse_message(sent[0].query).value().questions.at(0).name, name("far.test"));
  hear(sent[0],
       reply(sent[0], dns::Rcode::noerror, {{name("far.test"), Type::a, 60, IpAddress::v4(0xC0000201)}}));
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].kind, Kind::present);
  EXPECT_EQ(answers_[0].chain, std::vector{name("www.example.test")});
  EXPECT_EQ(answers_[0].canonical, name("far.test"));
  EXPECT_EQ(answers_[0].ttl_s, 30U);
}

TEST_F(StubExchangeTest, rfc_017_a_loop_over_several_queries_is_bounded) {
  open({kFirst});
  ask("n0.test", Type::a);
  for (int i = 0; i < 40; ++i) {
    const auto sent = send();
    if (sent.empty()) break;
    hear(sent[0],
         reply(sent[0], dns::Rcode::noerror,
               {{name(fmt::format("n{}.test", i)), Type::cname, 30, name(fmt::format("n{}.test", i + 1))}}));
  }
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_TRUE(answers_[0].loop);
  EXPECT_EQ(answers_[0].kind, Kind::failed);
}

TEST_F(StubExchangeTest, an_old_time_out_does_not_hit_the_next_link_of_a_chain) {
  open({kFirst});
  ask("a.test", Type::a);
  auto sent = send();
  pass(Millis(900));
  hear(sent[0], reply(sent[0], dns::Rcode::noerror, {{name("a.test"), Type::cname, 30, name("b.test")}}));
  sent = send();
  pass(Millis(200));
  EXPECT_TRUE(send().empty());
  EXPECT_EQ(exchange_->counts().lost, 0U);
}

TEST_F(StubExchangeTest, no_more_questions_are_open_than_the_window_has_places) {
  open({kFirst}, {.window = {.start = 5, .min = 2, .max = 8}});
  for (int i = 0; i < 50; ++i) ask(fmt::format("n{}.test", i));
  const auto sent = send();
  EXPECT_EQ(sent.size(), 5U);
  EXPECT_EQ(exchange_->window(0).open(), 5U);
  hear(sent[0], reply(sent[0], dns::Rcode::nxdomain));
  EXPECT_EQ(send().size(), 1U);
}

TEST_F(StubExchangeTest, the_rate_is_capped) {
  open({kFirst}, {.window = {.start = 1000, .min = 4, .max = 1000}, .per_second_max = 100});
  for (int i = 0; i < 900; ++i) ask(fmt::format("n{}.test", i));
  size_t sent = send().size();
  for (int i = 0; i < 100; ++i) {
    now_ += Millis(10);
    sent += send().size();
  }
  EXPECT_LE(sent, 103U);
  EXPECT_GE(sent, 98U);
}

TEST_F(StubExchangeTest, what_waits_is_bounded_and_everything_ends_once) {
  open({kFirst}, {.waiting_max = 10});
  for (int i = 0; i < 15; ++i) ask(fmt::format("n{}.test", i));
  exchange_->deliver();
  EXPECT_EQ(answers_.size(), 5U);
  EXPECT_THAT(answers_[0].why, HasSubstr("wait already"));
  exchange_->fail_all("the end");
  exchange_->deliver();
  EXPECT_EQ(answers_.size(), 15U);
  EXPECT_EQ(exchange_->under_way(), 0U);
}

TEST_F(StubExchangeTest, ports_are_given_up_after_some_queries) {
  open({kFirst}, {.channels = 2, .channel_queries_max = 10});
  size_t renewed = 0;
  for (int i = 0; i < 200; ++i) {
    ask(fmt::format("n{}.test", i));
    const auto sent = send();
    hear(sent[0], reply(sent[0], dns::Rcode::nxdomain));
    while (exchange_->next_to_renew()) ++renewed;
  }
  EXPECT_GE(renewed, 15U);
}

/// What one packet means.
What meaning(const Message& message) {
  return read_stub_reply({name("example.test"), Type::mx}, dns::encode_message(message)).what;
}

Message empty_reply() {
  Message message;
  message.response = true;
  message.questions.push_back({name("example.test"), Type::mx});
  return message;
}

TEST(StubReply, an_empty_answer_is_an_absence_only_of_one_who_knows) {
  Message message = empty_reply();
  EXPECT_EQ(meaning(message), What::no_help) << "neither the zone's nor a resolver";
  message.recursion_available = true;
  EXPECT_EQ(meaning(message), What::answer);
  message.recursion_available = false;
  message.authoritative = true;
  EXPECT_EQ(meaning(message), What::answer);
}

TEST(StubReply, a_referral_is_no_absence) {
  Message message = empty_reply();
  message.authority.push_back({name("test"), Type::ns, 60, name("ns.test")});
  for (const bool recursive : {false, true}) {
    message.recursion_available = recursive;
    EXPECT_EQ(meaning(message), What::no_help);
  }
  message.authority.push_back(
      {name("test"), Type::soa, 60, dns::Soa{name("ns.test"), name("h.test"), 1, 2, 3, 4, 5}});
  EXPECT_EQ(meaning(message), What::answer) << "with the SOA it is one";
  message.authority.erase(message.authority.begin());
  message.authority[0].owner = name("elsewhere");
  message.recursion_available = false;
  EXPECT_EQ(meaning(message), What::no_help) << "another zone's SOA proves nothing";
}

TEST(StubReply, truncation_and_nonsense) {
  Message message = empty_reply();
  message.truncated = true;
  EXPECT_EQ(meaning(message), What::truncated);
  message.truncated = false;
  message.rcode = dns::Rcode::notimp;
  EXPECT_EQ(meaning(message), What::plain);
  message.rcode = dns::Rcode::noerror;
  message.answers.push_back({name("example.test"), Type::mx, 60, dns::Mx{10, name("mx.test")}});
  const std::string whole = dns::encode_message(message);
  const dns::Question asked{name("example.test"), Type::mx};
  EXPECT_EQ(read_stub_reply(asked, whole).what, What::answer);
  for (size_t n = 0; n < whole.size(); ++n) {
    const What what = read_stub_reply(asked, std::string_view(whole).substr(0, n)).what;
    EXPECT_TRUE(what == What::other || what == What::no_help) << n;
  }
}
}  // namespace
}  // namespace waybill::resolve
