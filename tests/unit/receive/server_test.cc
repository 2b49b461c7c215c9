// The server over real loopback connections: sessions, TLS, limits, timeouts, backpressure, stopping.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>

#include "support/certificate.h"
#include "support/server_lab.h"

namespace waybill::receive {
namespace {
using test::ServerTest;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ServerTest, takes_a_message_with_an_answer_from_another_thread) {
  start();
  const std::string heard =
      talk({"EHLO c.example\r\n",
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<slow@c.example>\r\nRCPT TO:<no@c.example>\r\nDATA\r\n",
            "Subject: x\r\n\r\nhello\r\n.\r\n", "QUIT\r\n"});
  EXPECT_THAT(heard, HasSubstr("250 2.0.0 000000000001 queued\r\n221 2.0.0"));
  ASSERT_EQ(intake_.messages.size(), 1U);
  EXPECT_THAT(std::string(intake_.messages[0].chunks[0].view()), HasSubstr("from c.example ([127.0.0.1])"));
  EXPECT_EQ(intake_.messages[0].origin.client_ip.to_string(), "127.0.0.1");
  EXPECT_EQ(intake_.messages[0].envelope.recipients.size(), 1U);
}

TEST_F(ServerTest, a_big_message_is_spilled) {
  start();
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += "a line of some length that fills the body up\r\n";
  const uint64_t octets = text.size();
  const std::string heard = talk({"EHLO c.example\r\n", "MAIL FROM:<>\r\nRCPT TO:<x@c.example>\r\nDATA\r\n",
                                  text + ".\r\n", "QUIT\r\n"});
  EXPECT_THAT(heard, HasSubstr("queued"));
  ASSERT_EQ(intake_.messages.size(), 1U);
  EXPECT_EQ(intake_.messages[0].first_chunk, 5U);
  EXPECT_GT(intake_.messages[0].size_octets, octets);
  EXPECT_EQ(intake_.spilled_octets + intake_.messages[0].chunks[0].size(), intake_.messages[0].size_octets);
}

TEST_F(ServerTest, a_store_that_is_full_is_452) {
  intake_.when_committed = [](auto done) { done(fail(Errc::no_space, "full")); };
  start();
  EXPECT_THAT(talk({"EHLO c.example\r\n", "MAIL FROM:<>\r\nRCPT TO:<x@c.example>\r\nDATA\r\n", "x\r\n.\r\n",
                    "QUIT\r\n"}),
              HasSubstr("452 4.3.1"));
}

TEST_F(ServerTest, silence_ends_in_421_and_the_message_is_abandoned) {
  settings_->command_timeout = Millis{100};
  start();
  EXPECT_THAT(talk({"EHLO c.example\r\n", "MAIL FROM:<>\r\nRCPT TO:<x@c.example>\r\nDATA\r\n", "half"}),
              HasSubstr("\r\n421 4.4.2"));
  EXPECT_EQ(intake_.abandoned.size(), 1U);
}

TEST_F(ServerTest, the_total_deadline_ends_a_session_that_keeps_talking) {
  settings_->session_timeout = Millis{200};
  start();
  std::vector<std::string> says{"EHLO c.example\r\n"};
  for (int i = 0; i < 100'000; ++i) says.emplace_back("NOOP\r\n");
  settings_->commands_max = 1'000'000;
  EXPECT_THAT(talk(std::move(says)), HasSubstr("421 4.4.2"));
}

TEST_F(ServerTest, connections_over_the_limit_of_an_address_get_421) {
  SessionLimits limits;
  limits.sessions_per_address_max = 0;
  start(limits);
  EXPECT_THAT(talk({}), StartsWith("421 4.7.0 mx.example too many connections from your address"));
  limits.exempt = {*IpNetwork::parse("127.0.0.0/8")};
  registry_.set_limits(limits);
  EXPECT_THAT(talk({"QUIT\r\n"}), StartsWith("220"));
  limits.sessions_max = 0;
  registry_.set_limits(limits);
  EXPECT_THAT(talk({}), StartsWith("421 4.7.0 mx.example too many connections:"));
}

/// A client that connects and waits, without a loop.
class Knocker {
 public:
  explicit Knocker(const Endpoint& at) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(at.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Knocker() { ::close(fd_); }
  Knocker(const Knocker&) = delete;
  Knocker& operator=(const Knocker&) = delete;

 private:
  int fd_;
};

TEST_F(ServerTest, a_flood_of_connections_does_not_keep_sessions_from_their_turn) {
  constexpr uint32_t kFlood = 400;
  SessionLimits limits;
  limits.sessions_max = limits.sessions_per_address_max = 2 * kFlood;
  std::optional<uint64_t> taken_before_the_first;
  gate_.when_connected = [&] {
    if (!taken_before_the_first) taken_before_the_first = registry_.active();
  };
  listen(limits);
  std::deque<Knocker> flood;
  for (uint32_t n = 0; n < kFlood; ++n) flood.emplace_back(at_);  // all wait in the backlog
  go();
  while (registry_.active() < kFlood) std::this_thread::yield();
  flood.clear();
  while (registry_.active() > 0) std::this_thread::yield();
  ASSERT_TRUE(taken_before_the_first);
  EXPECT_LE(*taken_before_the_first, kFlood / 4);  // a few rounds of accepts, not the whole flood
}

TEST_F(ServerTest, rfc_071_octets_before_the_banner_are_refused) {
  settings_->banner_delay = Millis{2000};
  start();
  struct Early {
    static net::Task<std::string> go(net::Loop* loop, Endpoint at) {
      auto stream = co_await net::connect(*loop, at, std::nullopt, net::deadline_in(Millis{5000}));
      if (!stream) co_return "";
      const Status sent =
          co_await stream->write(std::string_view("EHLO spam.example\r\n"), net::deadline_in(Millis{1000}));
      if (!sent) co_return "";
      std::array<char, 512> buffer;
      const Result<size_t> got =
          co_await stream->read(std::span<char>(buffer), net::deadline_in(Millis{1500}));
      if (!got) co_return got.error().what;
      co_return std::string(buffer.data(), *got);
    }
  };
  EXPECT_THAT(run(Early::go(&loop_, at_)), StartsWith("554 5.5.0"));
}

TEST_F(ServerTest, a_trusted_client_gets_the_banner_without_delay) {
  settings_->banner_delay = std::chrono::hours{1};  // whoever had to wait for it would never get it
  settings_->no_delay = {*IpNetwork::parse("127.0.0.0/8")};
  start();
  EXPECT_THAT(talk({"QUIT\r\n"}), StartsWith("220"));
}

TEST_F(ServerTest, stopping_ends_idle_sessions_with_421_and_lets_a_message_finish) {
  std::move_only_function<void(Status)> held;
  std::mutex mutex;
  std::condition_variable committing;
  intake_.when_committed = [&](auto done) {
    const std::lock_guard lock(mutex);
    held = std::move(done);
    committing.notify_one();
  };
  start();
  std::string busy;
  std::string idle;
  std::thread first([&] {
    busy = talk({"EHLO c.example\r\n", "MAIL FROM:<>\r\nRCPT TO:<x@c.example>\r\nDATA\r\n", "x\r\n.\r\n"});
  });
  std::thread second([&] { idle = talk({"EHLO c.example\r\n"}); });
  {
    std::unique_lock lock(mutex);
    committing.wait(lock, [&] { return static_cast<bool>(held); });
  }
  while (registry_.active() < 2) std::this_thread::yield();
  server_.stop();
  second.join();
  EXPECT_THAT(idle, HasSubstr("421 4.3.2"));
  held(Status{});
  first.join();
  EXPECT_THAT(busy, HasSubstr("queued\r\n421 4.3.2"));
  while (registry_.active() > 0) std::this_thread::yield();
}

TEST_F(ServerTest, rfc_072_a_megabyte_pipelined_with_replies_unread_does_not_deadlock) {
  settings_->commands_max = 1'000'000;
  settings_->output_octets_max = 4 * 1024 * 1024;
  start();
  struct Pipeliner {
    static net::Task<std::string> go(net::Loop* loop, Endpoint at) {
      auto stream = co_await net::connect(*loop, at, std::nullopt, net::deadline_in(Millis{5000}));
      if (!stream) co_return "";
      std::string heard;
      std::vector<char> buffer(65536);
      const Result<size_t> banner =
          co_await stream->read(std::span<char>(buffer), net::deadline_in(Millis{5000}));
      if (!banner) co_return banner.error().what;
      const Status hello =
          co_await stream->write(std::string_view("EHLO c.example\r\n"), net::deadline_in(Millis{5000}));
      if (!hello) co_return hello.error().what;
      const Result<size_t> offers =
          co_await stream->read(std::span<char>(buffer), net::deadline_in(Millis{5000}));
      if (!offers) co_return offers.error().what;
      std::string commands;
      while (commands.size() < 1'000'000) commands += "NOOP\r\n";
      commands += "QUIT\r\n";
      const Status sent =
          co_await stream->write(std::string_view(commands), net::deadline_in(Millis{20'000}));
      if (!sent) co_return sent.error().what;
      while (true) {
        const Result<size_t> got =
            co_await stream->read(std::span<char>(buffer), net::deadline_in(Millis{20'000}));
        if (!got) break;
        heard.append(buffer.data(), *got);
      }
      co_return heard;
    }
  };
  const std::string heard = run(Pipeliner::go(&loop_, at_));
  EXPECT_EQ(std::count(heard.begin(), heard.end(), '\n'), 166'667 + 1);
  EXPECT_THAT(heard.substr(heard.size() - 30), HasSubstr("221 2.0.0"));
}

TEST_F(ServerTest, rfc_082_starttls_end_to_end) {
  const test::Certificate certificate;
  auto context = net::TlsContext::server(certificate.certificate_file(), certificate.key_file());
  ASSERT_TRUE(context);
  settings_->tls = *context;
  settings_->starttls = StartTls::offered;
  start();
  struct Client {
    static net::Task<std::string> go(net::Loop* loop, Endpoint at) {
      auto stream = co_await net::connect(*loop, at, std::nullopt, net::deadline_in(Millis{5000}));
      if (!stream) co_return "";
      std::array<char, 4096> buffer;
      std::string heard;
      std::vector<std::string> says;
      says.emplace_back("EHLO c.example\r\n");
      says.emplace_back("STARTTLS\r\n");
      says.emplace_back("EHLO again.example\r\n");
      says.emplace_back("MAIL FROM:<>\r\nRCPT TO:<x@c.example>\r\nDATA\r\n");
      says.emplace_back("x\r\n.\r\n");
      says.emplace_back("QUIT\r\n");
      for (size_t i = 0; i < says.size(); ++i) {
        if (i != 2) {
          const Result<size_t> got =
              co_await stream->read(std::span<char>(buffer), net::deadline_in(Millis{5000}));
          if (!got) co_return heard + got.error().what;
          heard.append(buffer.data(), *got);
        } else {
          const Result<size_t> got =
              co_await stream->read(std::span<char>(buffer), net::deadline_in(Millis{5000}));
          if (!got) co_return heard + got.error().what;
          const Status secured = co_await stream->start_tls_client(
              net::TlsContext::opportunistic_client(), "mx.example", net::deadline_in(Millis{5000}));
          if (!secured) co_return heard + secured.error().what;
        }
        const Status sent = co_await stream->write(std::string_view(says[i]), net::deadline_in(Millis{5000}));
        if (!sent) co_return heard + sent.error().what;
      }
      const Result<size_t> got =
          co_await stream->read(std::span<char>(buffer), net::deadline_in(Millis{5000}));
      if (got) heard.append(buffer.data(), *got);
      co_return heard;
    }
  };
  const std::string heard = run(Client::go(&loop_, at_));
  EXPECT_THAT(heard, HasSubstr("250 STARTTLS\r\n"));
  EXPECT_THAT(heard, HasSubstr("queued"));
  ASSERT_EQ(intake_.messages.size(), 1U);
  EXPECT_EQ(intake_.messages[0].origin.protocol, "ESMTPS");
  EXPECT_THAT(std::string(intake_.messages[0].chunks[0].view()), HasSubstr("using TLSv1.3 with cipher"));
}

TEST_F(ServerTest, a_reload_changes_new_sessions_only) {
  start();
  auto changed = std::make_shared<Settings>(*settings_);
  changed->hostname = "new.example";
  EXPECT_THAT(talk({"QUIT\r\n"}), StartsWith("220 mx.example"));
  server_.reload(0, changed);
  EXPECT_THAT(talk({"QUIT\r\n"}), StartsWith("220 new.example"));
}
}  // namespace
}  // namespace waybill::receive
