// http_server_test.cc: one connection's HTTP, against requests that no client of ours would send.
#include "net/http_server.h"

#include <gmock/gmock.h>

#include "net/http_client.h"
#include "support/http_daemon.h"

namespace waybill::net {
namespace {
using test::HttpDaemon;
using testing::HasSubstr;
using testing::StartsWith;

Task<HttpResponse> echo(HttpRequest request) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = request.method + " " + request.target + " " + request.body;
  response.headers["X-Test"] = "a\r\nInjected: yes";
  co_return response;
}

HttpLimits small() {
  HttpLimits limits;
  limits.header_octets_max = 1024;
  limits.body_octets_max = 100;
  limits.idle = limits.header = limits.body = Millis{300};
  return limits;
}

size_t occurrences(std::string_view text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(HttpServer, answers_and_keeps_the_connection) {
  HttpDaemon daemon(echo);
  const std::string out = daemon.exchange(
      "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\nPOST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_THAT(out, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(out, HasSubstr("GET /a?b=c "));
  EXPECT_THAT(out, HasSubstr("POST /p abc"));
  EXPECT_EQ(occurrences(out, "Connection: keep-alive"), 2U);
}

TEST(HttpServer, gives_the_same_answers_octet_by_octet) {
  HttpDaemon daemon(echo);
  const std::string_view request =
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"
      "GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string whole = daemon.exchange(request);
  EXPECT_THAT(whole, HasSubstr("POST /p abcdefg"));
  EXPECT_THAT(whole, HasSubstr("GET /second "));
  EXPECT_EQ(daemon.exchange(request, 1), whole);
}

TEST(HttpServer, ends_after_connection_close_and_http_1_0) {
  HttpDaemon daemon(echo);
  const std::string closed = daemon.exchange(
      "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(occurrences(closed, "HTTP/1.1 200"), 1U);
  const std::string old = daemon.exchange("GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(occurrences(old, "HTTP/1.1 200"), 1U);
}

TEST(HttpServer, never_lets_a_header_value_start_a_line) {
  HttpDaemon daemon(echo);
  EXPECT_EQ(daemon.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n").find("\nInjected"), std::string::npos);
}

TEST(HttpServer, answers_head_without_a_body) {
  HttpDaemon daemon(echo);
  const std::string out = daemon.exchange("HEAD /quiet HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(out, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(out.ends_with("\r\n\r\n")) << out;
}

TEST(HttpServer, takes_the_absolute_form) {
  HttpDaemon daemon(echo);
  EXPECT_THAT(daemon.exchange("GET http://host:80/x?y HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n"),
              HasSubstr("GET /x?y "));
}

TEST(HttpServer, says_100_continue_before_the_body_comes) {
  HttpDaemon daemon(echo);
  EXPECT_THAT(daemon.exchange(
                  "POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", 80),
              StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"));
}

class Hostile : public testing::TestWithParam<std::pair<const char*, const char*>> {};
TEST_P(Hostile, is_refused_and_the_connection_ends) {
  HttpDaemon daemon(echo, small());
  const auto& [request, status] = GetParam();
  const std::string out = daemon.exchange(std::string(request) + "GET /after HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(out, StartsWith(std::string("HTTP/1.1 ") + status)) << request;
  EXPECT_EQ(out.find("/after"), std::string::npos) << out;
  EXPECT_EQ(occurrences(out, "HTTP/1.1 "), 1U) << out;
}
INSTANTIATE_TEST_SUITE_P(
    Requests, Hostile,
    testing::Values(
        std::pair{"\x16\x03\x01\x02\x00\x01\x00 a TLS hello\r\n\r\n", "400"},
        std::pair{"EHLO mail.example\r\n\r\n", "400"}, std::pair{"GET /\r\n\r\n", "400"},
        std::pair{"GET / HTTP/9.9\r\nHost: x\r\n\r\n", "505"}, std::pair{"GET / HTTP/1.1\r\n\r\n", "400"},
        std::pair{"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
        std::pair{"GET relative HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        std::pair{"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", "400"},
        std::pair{"GET / HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n", "400"},
        std::pair{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"},
        std::pair{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", "400"},
        std::pair{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
        std::pair{
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400"},
        std::pair{
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "400"},
        std::pair{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", "400"},
        std::pair{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", "413"}));

TEST(HttpServer, refuses_a_header_beyond_its_limit) {
  HttpDaemon daemon(echo, small());
  const std::string filler(2000, 'a');
  EXPECT_THAT(daemon.exchange("GET / HTTP/1.1\r\nHost: x\r\nX: " + filler + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(daemon.exchange("GET /" + filler), StartsWith("HTTP/1.1 431"));
}

TEST(HttpServer, refuses_a_chunked_body_beyond_its_limit) {
  HttpDaemon daemon(echo, small());
  std::string request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) request += "a\r\n0123456789\r\n";
  EXPECT_THAT(daemon.exchange(request + "0\r\n\r\n"), StartsWith("HTTP/1.1 413"));
}

TEST(HttpServer, refuses_a_NUL_and_a_control_character_in_the_target) {
  HttpDaemon daemon(echo);
  using namespace std::string_literals;
  EXPECT_THAT(daemon.exchange("GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n"s), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(daemon.exchange("GET /a\x01 HTTP/1.1\r\nHost: x\r\n\r\n"s), StartsWith("HTTP/1.1 400"));
}

TEST(HttpServer, answers_a_flood_of_pipelined_requests) {
  HttpDaemon daemon(echo);
  std::string flood;
  for (int i = 0; i < 2000; ++i) flood += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(occurrences(daemon.exchange(flood), "HTTP/1.1 200 OK"), 2000U);
}

TEST(HttpServer, ends_a_connection_after_its_share_of_requests) {
  HttpLimits limits;
  limits.requests_max = 3;
  HttpDaemon daemon(echo, limits);
  std::string flood;
  for (int i = 0; i < 10; ++i) flood += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(occurrences(daemon.exchange(flood), "HTTP/1.1 200 OK"), 3U);
}

TEST(HttpServer, gives_up_on_a_peer_that_stops_in_mid_header) {
  HttpDaemon daemon(echo, small());
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(daemon.port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  ASSERT_GT(::send(fd, "GET / HT", 8, MSG_NOSIGNAL), 0);
  char block[512];
  const ssize_t got = ::recv(fd, block, sizeof block, 0);  // the server speaks first: its deadline passed
  ::close(fd);
  ASSERT_GT(got, 0);
  EXPECT_THAT(std::string(block, static_cast<size_t>(got)), StartsWith("HTTP/1.1 408"));
}

TEST(HttpClient, calls_over_the_unix_socket) {
  HttpDaemon daemon(echo);
  HttpRequest request;
  request.method = "POST";
  request.target = "/x";
  request.body = std::string(5'000'000, 'b');
  const auto response = http_call(daemon.socket_path(), request, Millis{20'000});
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 200U);
  EXPECT_EQ(response->content_type, "text/plain");
  EXPECT_EQ(response->body.size(), 5'000'000 + std::string("POST /x ").size());
}

TEST(HttpClient, hears_why_a_large_body_is_refused) {
  HttpDaemon daemon(echo, small());
  HttpRequest request;
  request.method = "POST";
  request.body = std::string(3'000'000, 'b');
  const auto response = http_call(daemon.socket_path(), request, Millis{20'000});
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 413U);
}

TEST(HttpClient, names_an_absent_socket) {
  const auto response = http_call("/nonexistent/control.sock", {}, Millis{1000});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::not_found);
  EXPECT_EQ(http_call(std::string(300, 'x'), {}, Millis{1000}).error().code, Errc::invalid);
}

Task<HttpResponse> never(HttpRequest) {
  co_await std::suspend_always{};
  co_return HttpResponse{};
}

TEST(HttpClient, stops_waiting_at_its_deadline) {
  HttpDaemon daemon(never);
  const auto response = http_call(daemon.socket_path(), {}, Millis{50});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::timeout);
}
}  // namespace
}  // namespace waybill::net
