// TLS that ends, or never begins: close_notify or a cut in the middle of a BDAT chunk and of a DATA body
// (nothing may be accepted of what was cut, and the server goes on), and a handshake that drips.
#include <gmock/gmock.h>

#include "support/certificate.h"
#include "support/server_lab.h"

namespace waybill::receive {
namespace {
using testing::HasSubstr;
using testing::SizeIs;

enum class Cut : uint8_t { close_notify, connection_only };

class TlsCut : public test::ServerTest {
 protected:
  void start_with_tls() {
    auto context = net::TlsContext::server(certificate_.certificate_file(), certificate_.key_file());
    ASSERT_TRUE(context);
    settings_->tls = *context;
    settings_->starttls = StartTls::offered;
    start();
  }

  /// Over STARTTLS: says each of `says` after the reply to the one before, the last without waiting for a
  /// reply, and ends the connection in that manner. Returns what was heard over TLS.
  static net::Task<std::string> go(net::Loop* loop, Endpoint at, std::vector<std::string> says, Cut cut) {
    const Steady deadline = net::deadline_in(Millis{20'000});
    auto stream = co_await net::connect(*loop, at, std::nullopt, deadline);
    if (!stream) co_return stream.error().what;
    std::array<char, 4096> buffer;
    std::string heard;
    for (const char* hello : {"EHLO c.example\r\n", "STARTTLS\r\n"}) {
      const Result<size_t> got = co_await stream->read(std::span<char>(buffer), deadline);
      if (!got) co_return got.error().what;
      const Status sent = co_await stream->write(std::string_view(hello), deadline);
      if (!sent) co_return sent.error().what;
    }
    const Result<size_t> ready = co_await stream->read(std::span<char>(buffer), deadline);
    if (!ready) co_return ready.error().what;
    const Status secured =
        co_await stream->start_tls_client(net::TlsContext::opportunistic_client(), "mx.example", deadline);
    if (!secured) co_return secured.error().what;
    for (const std::string& words : says) {
      const Status sent = co_await stream->write(std::string_view(words), deadline);
      if (!sent) co_return heard + sent.error().what;
      if (&words == &says.back()) break;
      const Result<size_t> got = co_await stream->read(std::span<char>(buffer), deadline);
      if (!got) co_return heard + got.error().what;
      heard.append(buffer.data(), *got);
    }
    if (cut == Cut::close_notify) {
      co_await stream->shutdown(deadline);
    } else {
      stream->close();
    }
    co_return heard;
  }

  /// Cuts a message that says `last` at the end; nothing of it may be accepted, and the next one is.
  void cut_and_go_on(const std::vector<std::string>& last, Cut cut) {
    std::vector<std::string> says{"EHLO c.example\r\n", "MAIL FROM:<a@b.example>\r\n",
                                  "RCPT TO:<x@c.example>\r\n"};
    says.insert(says.end(), last.begin(), last.end());
    const std::string heard = run(go(&loop_, at_, says, cut));
    EXPECT_THAT(heard, HasSubstr("recipient ok"));
    while (registry_.active() > 0) std::this_thread::yield();  // its session ends by itself
    const std::lock_guard lock(intake_.mutex);
    EXPECT_THAT(intake_.messages, SizeIs(0));
    EXPECT_THAT(intake_.abandoned, SizeIs(1));
    intake_.abandoned.clear();
  }

  void server_goes_on() {
    EXPECT_THAT(talk({"EHLO c.example\r\n", "MAIL FROM:<>\r\nRCPT TO:<x@c.example>\r\nDATA\r\n", "x\r\n.\r\n",
                      "QUIT\r\n"}),
                HasSubstr("queued"));
    const std::lock_guard lock(intake_.mutex);
    EXPECT_THAT(intake_.messages, SizeIs(1));
    intake_.messages.clear();
  }

  test::Certificate certificate_;
};

TEST_F(TlsCut, in_the_middle_of_a_chunk_nothing_is_accepted) {
  start_with_tls();
  const std::string half = "BDAT 1000 LAST\r\n" + std::string(500, 'x');
  const std::string spilled = "BDAT 2000000 LAST\r\n" + std::string(1'000'000, 'x');
  for (const Cut cut : {Cut::close_notify, Cut::connection_only}) {
    cut_and_go_on({half}, cut);
    cut_and_go_on({"BDAT 5\r\nabc\r\n", half}, cut);
    cut_and_go_on({spilled}, cut);
    server_goes_on();
  }
}

TEST_F(TlsCut, between_chunks_nothing_is_accepted) {
  start_with_tls();
  for (const Cut cut : {Cut::close_notify, Cut::connection_only}) {
    cut_and_go_on({"BDAT 5\r\nabc\r\n"}, cut);
    cut_and_go_on({"BDAT 5\r\nabc\r\nBDAT 0 LA"}, cut);
    server_goes_on();
  }
}

TEST_F(TlsCut, in_the_middle_of_a_body_nothing_is_accepted) {
  start_with_tls();
  std::string spilled;
  while (spilled.size() < 1'000'000) spilled += "a line of text that fills chunks\r\n";
  for (const Cut cut : {Cut::close_notify, Cut::connection_only}) {
    for (const std::string& body : {std::string("Subject: x\r\n\r\nhalf a li"), std::string("whole\r\n"),
                                    std::string("dot\r\n."), std::string("dot and CR\r\n.\r"), spilled}) {
      cut_and_go_on({"DATA\r\n", body}, cut);
    }
    server_goes_on();
  }
}

/// Says STARTTLS (or nothing, where TLS comes first), then one octet of a ClientHello that never ends at a
/// time. Returns after how many octets the server was gone; 0 if it never went.
net::Task<std::string> drip_a_handshake(net::Loop* loop, Endpoint at, Role role) {
  const Steady deadline = net::deadline_in(Millis{60'000});
  auto stream = co_await net::connect(*loop, at, std::nullopt, deadline);
  if (!stream) co_return stream.error().what;
  std::array<char, 4096> buffer;
  if (role != Role::submissions) {
    for (const char* words : {"EHLO c.example\r\n", "STARTTLS\r\n"}) {
      const Result<size_t> got = co_await stream->read(std::span<char>(buffer), deadline);
      if (!got) co_return got.error().what;
      const Status sent = co_await stream->write(std::string_view(words), deadline);
      if (!sent) co_return sent.error().what;
    }
    const Result<size_t> ready = co_await stream->read(std::span<char>(buffer), deadline);
    if (!ready) co_return ready.error().what;
  }
  // A TLS record: handshake, version 3.1, 16,384 octets; in it a ClientHello of 16,000.
  std::string hello("\x16\x03\x01\x40\x00\x01\x00\x3e\x80\x03\x03", 11);
  hello.resize(4'000, '\0');
  for (size_t n = 0; n < hello.size(); ++n) {
    const Status sent = co_await stream->write(std::string_view(hello).substr(n, 1), deadline);
    if (!sent) co_return "left";
    // The pause between two octets is the wait for an answer that does not come.
    const Result<size_t> got = co_await stream->read(std::span<char>(buffer), net::deadline_in(Millis{10}));
    if (got || got.error().code != Errc::timeout) co_return "left";
  }
  co_return "still there";
}

TEST_F(TlsCut, a_handshake_that_drips_ends_with_the_sessions_time) {
  settings_->session_timeout = Millis{300};
  start_with_tls();
  EXPECT_EQ(run(drip_a_handshake(&loop_, at_, Role::mx)), "left");
  while (registry_.active() > 0) std::this_thread::yield();
  EXPECT_THAT(intake_.messages, SizeIs(0));
}

TEST_F(TlsCut, so_does_one_where_tls_comes_first) {
  settings_->session_timeout = Millis{300};
  settings_->role = Role::submissions;
  start_with_tls();
  EXPECT_EQ(run(drip_a_handshake(&loop_, at_, Role::submissions)), "left");
  while (registry_.active() > 0) std::this_thread::yield();
}
}  // namespace
}  // namespace waybill::receive
