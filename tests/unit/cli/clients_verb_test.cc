// `waybill clients`, against a fake daemon behind a real control socket.
#include <gmock/gmock.h>

#include "cli/verbs.h"
#include "control/codec.h"
#include "control/service.h"
#include "support/fake_backend.h"
#include "support/http_daemon.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using testing::HasSubstr;
using testing::Not;

class ClientsVerb : public testing::Test {
 protected:
  ClientsVerb() {
    control::ClientTestReport wrong{"wrong_mx", "observe", 37, 41, 0, {}};
    wrong.examples.push_back({"192.0.2.7", "", "friend\x1b[31m", "x@bulk.example", "198.51.100.2",
                              "came to mx2.example (20) and left out mx1.example (10), which is up", 2,
                              test::at_s(0)});
    control::ClientTestReport early{"early_talker", "refuse", 9, 12, 12, {}};
    control::ClientsGroup group{"default", 1204, 3310, test::at_s(0), {wrong, early}};
    backend_.clients_answer = {test::at_s(7200), control::ClientsBy::policy, test::at_s(0), 1204, false,
                               {group}};
  }
  test::Ran run(std::vector<std::string> words) {
    words.insert(words.begin(), {"clients", "--socket", daemon_.socket_path()});
    return test::run_verb({add_clients}, words);
  }

  test::FakeBackend backend_;
  control::Service service_{backend_};
  test::HttpDaemon daemon_{service_.handler(control::Access::full)};
};

TEST_F(ClientsVerb, says_what_a_rule_would_have_done) {
  const auto ran = run({});
  EXPECT_EQ(ran.code, exit_ok) << ran.err;
  EXPECT_THAT(
      ran.out,
      HasSubstr("turning wrong_mx = \"defer\" on would have deferred 37 of 1,204 clients, 41 messages"));
  EXPECT_THAT(ran.out,
              HasSubstr("early_talker = \"refuse\": 9 clients, 12 messages, of which 12 turned away"));
  EXPECT_THAT(ran.out, HasSubstr("left out mx1.example (10), which is up; 2h ago"));
  EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
}

TEST_F(ClientsVerb, asks_what_it_is_told_to_ask) {
  ASSERT_EQ(run({"Home.Example", "--by", "domain", "--examples", "0"}).code, exit_ok);
  EXPECT_EQ(backend_.clients_asked.back(),
            (control::ClientsRequest{control::ClientsBy::domain, "home.example", 0}));
  EXPECT_EQ(run({"--by", "colour"}).code, exit_usage);
  EXPECT_EQ(run({"--examples", "101"}).code, exit_usage);
}

TEST_F(ClientsVerb, json_is_the_answer_itself) {
  const auto ran = run({"--json"});
  const auto read = control::decode<control::ClientsAnswer>(ran.out);
  ASSERT_TRUE(read) << ran.out;
  EXPECT_EQ(*read, backend_.clients_answer);
}

TEST_F(ClientsVerb, nobody_seen_is_no_error) {
  backend_.clients_answer = {};
  const auto ran = run({});
  EXPECT_EQ(ran.code, exit_ok);
  EXPECT_THAT(ran.out, HasSubstr("No client was looked at yet"));
}

TEST(ClientsSeen, reads_back_and_refuses_what_is_half) {
  const control::ClientsSeenAnswer answer{
      test::at_s(5), {{"192.0.2.1", test::at_s(1)}}, {{"192.0.2.1", test::at_s(0), test::at_s(2)}}};
  EXPECT_EQ(control::decode<control::ClientsSeenAnswer>(control::encode(answer)), answer);
  EXPECT_FALSE(control::decode<control::ClientsSeenAnswer>(R"({"v":1,"visits":[]})"));
  EXPECT_FALSE(
      control::decode<control::ClientsSeenAnswer>(R"({"v":1,"now":"2026-11-21T00:00:00Z","visits":[{}]})"));
}
}  // namespace
}  // namespace waybill::cli
