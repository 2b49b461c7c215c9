// service_test.cc: the API's paths over a fake daemon; and, through a real socket, the client's side of them.
#include "control/service.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "control/client.h"
#include "control/codec.h"
#include "support/fake_backend.h"
#include "support/http_daemon.h"

namespace waybill::control {
namespace {
using testing::HasSubstr;

/// Runs a task that never waits, to its end.
net::Task<void> store(net::Task<net::HttpResponse> task, net::HttpResponse* out) {
  *out = co_await std::move(task);
}

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    backend_.rows = {test::queue_row(10, 0, "s@example.net", "a@example.org"),
                     test::queue_row(10, 1, "s@example.net", "b@example.org"),
                     test::queue_row(11, 0, "", "c@other.example")};
  }

  net::HttpResponse ask(std::string method, std::string target, std::string body = {},
                        Access access = Access::full,
                        std::map<std::string, std::string> headers = {{"host", "localhost"}}) {
    net::HttpRequest request{std::move(method), std::move(target), std::move(headers), std::move(body)};
    net::HttpResponse response;
    net::Loop loop;
    loop.spawn(store(service_.handle(std::move(request), access), &response));
    loop.post([&loop] { loop.stop(); });
    loop.run();
    return response;
  }

  test::FakeBackend backend_;
  Service service_{backend_, {"router.example"}};
};

TEST_F(ServiceTest, lists_by_the_selector_language) {
  const auto response = ask("GET", "/v1/queue?domain=EXAMPLE.org&limit=1");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/x-ndjson");
  const auto list = decode<QueueListAnswer>(response.body);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->rows.size(), 1U);
  EXPECT_EQ(list->rows[0], backend_.rows[0]);
  const auto second = ask("GET", "/v1/queue?domain=example.org&limit=1&after=" + to_string(*list->next));
  EXPECT_EQ(decode<QueueListAnswer>(second.body)->rows[0], backend_.rows[1]);
}

TEST_F(ServiceTest, refuses_what_it_does_not_know) {
  EXPECT_EQ(ask("GET", "/v1/queue?domian=example.org").status, 400U);
  EXPECT_EQ(ask("GET", "/v1/queue?limit=0").status, 400U);
  EXPECT_EQ(ask("GET", "/v1/queue?limit=99999999").status, 400U);
  EXPECT_EQ(ask("GET", "/v1/queue?after=x").status, 400U);
  EXPECT_EQ(ask("GET", "/v1/queue/count?limit=5").status, 400U);
  EXPECT_EQ(ask("GET", "/v1/nowhere").status, 404U);
  EXPECT_EQ(ask("GET", "/v1/trace/xyz").status, 400U);
  EXPECT_EQ(ask("GET", "/v1/trace/../../etc/passwd").status, 400U);
  EXPECT_EQ(ask("DELETE", "/v1/queue").status, 405U);
  EXPECT_EQ(ask("GET", "/v1/reload").status, 405U);
  EXPECT_EQ(ask("POST", "/v1/queue/act", std::string(2'000'000, ' ')).status, 413U);
  EXPECT_EQ(ask("POST", "/v1/dns/flush", "{}").status, 400U) << "a flush of everything must be asked for";
}

TEST_F(ServiceTest, who_knocks_without_a_path_is_told_what_there_is) {
  const auto response = ask("GET", "/");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.body, ask("GET", "/v1").body);
  const auto paths = boost::json::parse(response.body).at("paths").as_array();
  for (const auto& path : paths) {
    const std::string text(path.as_string());
    if (text.ends_with("ID") || text.ends_with("ADDRESS")) continue;
    EXPECT_EQ(ask("GET", text).status, 200U) << text;
  }
  EXPECT_GE(paths.size(), 8U);
}

TEST_F(ServiceTest, acts_only_on_what_was_meant) {
  EXPECT_EQ(ask("POST", "/v1/queue/act", R"({"action":"hold","selector":{}})").status, 403U);
  EXPECT_EQ(ask("POST", "/v1/queue/act", R"({"action":"delete","selector":{"all":true},"who":"x"})").status,
            403U);
  EXPECT_EQ(
      ask("POST", "/v1/queue/act", R"({"action":"delete","selector":{"all":true},"reason":"x"})").status,
      403U);
  EXPECT_EQ(ask("POST", "/v1/queue/act", R"({"action":"hold","selector":{"all":true},"via":"x"})").status,
            400U);
  EXPECT_EQ(
      ask("POST", "/v1/queue/act", R"({"action":"hold","selector":{"domain":"example.org"},"matched_max":1})")
          .status,
      403U);
  EXPECT_TRUE(backend_.acts.empty());
  const auto response = ask("POST", "/v1/queue/act",
                            R"({"action":"hold","selector":{"domain":"example.org"},"matched_max":2})");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(decode<ActionReport>(response.body)->acted, 2U);
  EXPECT_EQ(backend_.rows[0].recipient.state, RecipientState::held);
  EXPECT_EQ(backend_.rows[2].recipient.state, RecipientState::queued);
}

TEST_F(ServiceTest, tcp_is_read_only_and_proof_against_dns_rebinding) {
  const std::string act = R"({"action":"hold","selector":{"all":true}})";
  EXPECT_EQ(ask("POST", "/v1/queue/act", act, Access::read_only).status, 403U);
  EXPECT_EQ(ask("POST", "/v1/reload", "", Access::read_only).status, 403U);
  EXPECT_EQ(ask("POST", "/v1/send", "x", Access::read_only).status, 403U);
  EXPECT_TRUE(backend_.acts.empty());
  for (const char* fine : {"localhost:8025", "127.0.0.1:8025", "[::1]:8025", "[::1]", "Router.example:80"}) {
    EXPECT_EQ(ask("GET", "/v1/status", "", Access::read_only, {{"host", fine}}).status, 200U) << fine;
  }
  for (const char* bad : {"evil.example", "", "localhost.evil.example", "[evil]", "127.0.0.1.evil.example"}) {
    EXPECT_EQ(ask("GET", "/v1/status", "", Access::read_only, {{"host", bad}}).status, 421U) << bad;
  }
}

TEST_F(ServiceTest, takes_mail_with_any_octets_and_mends_line_ends) {
  backend_.send_answer.id = MessageId{77};
  backend_.send_answer.recipients_accepted = 1;
  const std::string body =
      R"({"from":"a@example.net","recipients":[{"address":"b@example.org"}],"body":"8bitmime"})"
      "\nSubject: caf\xe9\n\n.\nbare\rcr";
  const auto response =
      ask("POST", "/v1/send", body, Access::full, {{"content-type", "application/vnd.waybill.message"}});
  EXPECT_EQ(response.status, 200U) << response.body;
  ASSERT_EQ(backend_.sent.size(), 1U);
  EXPECT_EQ(backend_.sent[0].message, "Subject: caf\xe9\r\n\r\n.\r\nbare\r\ncr\r\n");
  EXPECT_EQ(backend_.sent[0].envelope.body, mail::BodyType::eight_bit);
  EXPECT_EQ(ask("POST", "/v1/send", body).status, 415U);
}

TEST_F(ServiceTest, refuses_mail_without_envelope_or_content) {
  const std::map<std::string, std::string> type{{"content-type", "application/vnd.waybill.message"}};
  for (const char* bad : {"", "\n", "{}\nx", "no json\nSubject: x\n",
                          R"({"from":null,"recipients":[]})"
                          "\nSubject: x\n",
                          R"({"from":null,"recipients":[{"address":"a@example.org"}]})"
                          "\n"}) {
    EXPECT_EQ(ask("POST", "/v1/send", bad, Access::full, type).status, 400U) << bad;
  }
  EXPECT_TRUE(backend_.sent.empty());
}

TEST_F(ServiceTest, errors_become_statuses_and_documents) {
  const std::pair<Errc, unsigned> expected[] = {
      {Errc::not_found, 404}, {Errc::refused, 403}, {Errc::busy, 503},       {Errc::no_space, 507},
      {Errc::timeout, 504},   {Errc::io, 500},      {Errc::unsupported, 501}};
  for (const auto& [code, status] : expected) {
    backend_.failure = Error{code, "because"};
    const auto response = ask("GET", "/v1/status");
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(decode_error(response.body), *backend_.failure);
  }
}

TEST_F(ServiceTest, health_and_metrics_speak_their_own_forms) {
  EXPECT_EQ(ask("GET", "/v1/health").status, 200U);
  backend_.health_answer = {false, {"the disk is full"}};
  EXPECT_EQ(ask("GET", "/v1/health").status, 503U);
  const auto metrics = ask("GET", "/metrics");
  EXPECT_THAT(metrics.content_type, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(metrics.body, HasSubstr("waybill_up 1"));
}

TEST_F(ServiceTest, knows_its_paths_and_leaves_the_others_alone) {
  EXPECT_TRUE(Service::knows("/v1/queue?x"));
  EXPECT_TRUE(Service::knows("/metrics"));
  EXPECT_FALSE(Service::knows("/"));
  EXPECT_FALSE(Service::knows("/v10/x"));
}

TEST_F(ServiceTest, the_client_gets_what_the_daemon_gave) {
  backend_.trace_answer.id = MessageId{10};
  backend_.trace_answer.events = {
      {test::at_s(1), std::nullopt, EventKind::accepted, "s@example.net", {}, "", "from x"}};
  backend_.custody = {.accepted = 3, .open = 3};
  backend_.health_answer = {false, {"resting"}};
  test::HttpDaemon daemon(service_.handler(Access::full));
  const Client client(daemon.socket_path());

  EXPECT_EQ(client.trace(MessageId{10}), backend_.trace_answer);
  const auto missing = client.trace(MessageId{99});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_EQ(client.custody_verify(), backend_.custody);
  EXPECT_EQ(client.health(), backend_.health_answer);
  const Selector selector{.domain = "example.org"};
  EXPECT_EQ(client.queue_count(selector)->recipients, 2U);
  EXPECT_EQ(client.queue_list({.selector = selector})->rows.size(), 2U);
  EXPECT_EQ(client.queue_act({.action = Action::retry, .selector = selector, .who = "me"})->acted, 2U);
  backend_.send_answer = {MessageId{5}, 1, {}};
  SendRequest mail;
  mail.envelope.recipients = {{test::address("a@example.org"), mail::notify_never, "rfc822;x@y"}};
  mail.message = "Subject: x\r\n\r\n\xff\r\n";
  EXPECT_EQ(client.send(mail), backend_.send_answer);
  EXPECT_EQ(backend_.sent.at(0), mail);
  EXPECT_EQ(client.dns_flush({"example.org"})->entries_removed, 7U);
}

TEST(Client, says_that_no_daemon_runs) {
  const auto answer = Client("/nonexistent/control.sock").status();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::closed);
  EXPECT_THAT(answer.error().what, HasSubstr("no daemon"));
}
}  // namespace
}  // namespace waybill::control
