// Streams over loopback: octets, deadlines, closing, TLS, descriptors that run out.
#include "net/stream.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "net/dialer.h"
#include "net/listener.h"
#include "support/certificate.h"

namespace waybill::net {
namespace {
constexpr Millis kSoon{5000};
const Endpoint kAny{IpAddress::v4(0x7f000001), 0};

// Reads until `size` octets are there, or an error.
Task<Result<std::string>> read_all(Stream& stream, size_t size) {
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() < size) {
    Result<size_t> got = co_await stream.read(buffer, deadline_in(kSoon));
    if (!got) co_return pass(got.error());
    out.append(buffer.data(), *got);
  }
  co_return out;
}

Task<void> echo_once(Listener& listener, Loop& loop, std::shared_ptr<TlsContext> tls, size_t size) {
  Result<Stream> peer = co_await listener.accept(loop);
  if (tls) {
    Status status = co_await peer->start_tls_server(tls, deadline_in(kSoon));
    EXPECT_TRUE(status.has_value()) << status.error().what;
  }
  Result<std::string> got = co_await read_all(*peer, size);
  EXPECT_TRUE(got.has_value());
  if (got) {
    Status sent = co_await peer->write(*got, deadline_in(kSoon));
    EXPECT_TRUE(sent.has_value());
  }
  co_await peer->shutdown(deadline_in(kSoon));
}

Task<void> send_and_compare(Loop& loop, Endpoint to, std::shared_ptr<TlsContext> tls, std::string text,
                            bool& same, int& resumed) {
  Result<Stream> stream = co_await connect(loop, to, std::nullopt, deadline_in(kSoon));
  if (!stream) ADD_FAILURE() << stream.error().what;
  if (tls) {
    Status status = co_await stream->start_tls_client(tls, "localhost", deadline_in(kSoon));
    EXPECT_TRUE(status.has_value()) << status.error().what;
    if (stream->tls()->resumed) ++resumed;
  }
  // Both ways at once, or large texts would fill both buffers: the reader is a task of its own loop turn.
  const std::array<std::string_view, 3> pieces{std::string_view(text).substr(0, 3), "",
                                               std::string_view(text).substr(3)};
  Status sent = co_await stream->write(pieces, deadline_in(kSoon));
  EXPECT_TRUE(sent.has_value());
  Result<std::string> back = co_await read_all(*stream, text.size());
  same = back && *back == text;
  std::array<char, 16> rest;
  Result<size_t> end = co_await stream->read(rest, deadline_in(kSoon));
  EXPECT_FALSE(end.has_value());
  EXPECT_EQ(end ? Errc::internal : end.error().code, Errc::closed);
}

Task<void> read_until_timeout(Stream& stream, std::vector<Errc>& out, Loop& l) {
  std::array<char, 16> buffer;
  Result<size_t> got = co_await stream.read(buffer, deadline_in(Millis{150}));
  if (!got) out.push_back(got.error().code);
  l.stop();
}

struct Ran {
  bool same = false;
  int resumed = 0;
};
Ran run_echo(const std::string& text, std::shared_ptr<TlsContext> server = nullptr,
             std::shared_ptr<TlsContext> client = nullptr, int times = 1) {
  Loop loop;
  Ran ran;
  auto listener = Listener::open(loop, kAny);
  EXPECT_TRUE(listener.has_value());
  const auto body = [](Loop& l, Listener& from, std::shared_ptr<TlsContext> s, std::shared_ptr<TlsContext> c,
                       std::string t, Ran& r, int n) -> Task<void> {
    for (int i = 0; i < n; ++i) {
      l.spawn(echo_once(from, l, s, t.size()));
      co_await send_and_compare(l, from.local(), c, t, r.same, r.resumed);
    }
    l.stop();
  };
  loop.spawn(body(loop, *listener, server, client, text, ran, times));
  loop.run();
  return ran;
}
}  // namespace

TEST(Stream, carries_octets_both_ways) { EXPECT_TRUE(run_echo("hello, octets").same); }

TEST(Stream, carries_more_than_the_socket_buffers_hold) {
  std::string text(300'000, 'x');
  for (size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<char>(i);
  EXPECT_TRUE(run_echo(text).same);
}

TEST(Stream, tls_carries_octets_and_resumes_its_session) {
  const test::Certificate certificate;
  auto server = TlsContext::server(certificate.certificate_file(), certificate.key_file());
  ASSERT_TRUE(server.has_value()) << server.error().what;
  // Resumption is remembered by server name and address; the listener's port stays the same here.
  const Ran ran = run_echo(std::string(100'000, 'y'), *server, TlsContext::opportunistic_client(), 3);
  EXPECT_TRUE(ran.same);
  EXPECT_EQ(ran.resumed, 2);
}

TEST(Tls, a_missing_certificate_is_named) {
  auto context = TlsContext::server("/nonexistent/cert.pem", "/nonexistent/key.pem");
  ASSERT_FALSE(context.has_value());
  EXPECT_NE(context.error().what.find("/nonexistent/cert.pem"), std::string::npos);
}

TEST(Stream, a_silent_peer_meets_the_deadline) {
  Loop loop;
  auto listener = Listener::open(loop, kAny);
  Errc code = Errc::internal;
  const auto body = [](Loop& l, Endpoint to, Errc& out) -> Task<void> {
    Result<Stream> stream = co_await connect(l, to, std::nullopt, deadline_in(kSoon));
    std::array<char, 16> buffer;
    Result<size_t> got = co_await stream->read(buffer, deadline_in(Millis{30}));
    if (!got) out = got.error().code;
    l.stop();
  };
  loop.spawn(body(loop, listener->local(), code));
  loop.run();
  EXPECT_EQ(code, Errc::timeout);
}

TEST(Stream, one_side_times_out_while_the_other_goes_on_waiting) {
  Loop loop;
  auto listener = Listener::open(loop, kAny);
  std::vector<Errc> codes;
  const auto body = [](Loop& l, Endpoint to, std::vector<Errc>& out, Stream*& keep) -> Task<void> {
    Result<Stream> stream = co_await connect(l, to, std::nullopt, deadline_in(kSoon));
    keep = new Stream(std::move(*stream));
    l.spawn(read_until_timeout(*keep, out, l));
    const std::string much(50'000'000, 'z');
    Status sent = co_await keep->write(much, deadline_in(Millis{30}));
    if (!sent) out.push_back(sent.error().code);
  };
  Stream* keep = nullptr;
  loop.spawn(body(loop, listener->local(), codes, keep));
  loop.run();
  delete keep;
  EXPECT_EQ(codes, (std::vector<Errc>{Errc::timeout, Errc::timeout}));
}

Task<void> say_bye(Listener& listener, Loop& loop) {
  Result<Stream> peer = co_await listener.accept(loop);
  Status sent = co_await peer->write(std::string_view("bye"), deadline_in(kSoon));
  EXPECT_TRUE(sent.has_value());
}

// Whether a read takes all there is, less or just as much as it has room for decides whether the next one is
// tried or waits: in each case it must meet the end, every time.
TEST(Stream, the_end_is_told_again_and_again) {
  for (const size_t room : {1U, 3U, 16U}) {
    Loop loop;
    auto listener = Listener::open(loop, kAny);
    std::string got_in_all;
    std::vector<Errc> ends;
    const auto body = [](Loop& l, Endpoint to, size_t octets, std::string& text,
                         std::vector<Errc>& out) -> Task<void> {
      Result<Stream> stream = co_await connect(l, to, std::nullopt, deadline_in(kSoon));
      std::array<char, 16> buffer;
      while (out.size() < 3) {
        Result<size_t> got = co_await stream->read(std::span(buffer).first(octets), deadline_in(kSoon));
        if (got) {
          text.append(buffer.data(), *got);
        } else {
          out.push_back(got.error().code);
        }
      }
      l.stop();
    };
    loop.spawn(say_bye(*listener, loop));
    loop.spawn(body(loop, listener->local(), room, got_in_all, ends));
    loop.run();
    EXPECT_EQ(got_in_all, "bye") << room;
    EXPECT_EQ(ends, (std::vector<Errc>{Errc::closed, Errc::closed, Errc::closed})) << room;
  }
}

TEST(Stream, close_wakes_the_reader) {
  Loop loop;
  auto listener = Listener::open(loop, kAny);
  Errc code = Errc::internal;
  const auto body = [](Loop& l, Endpoint to, Errc& out) -> Task<void> {
    Result<Stream> stream = co_await connect(l, to, std::nullopt, deadline_in(kSoon));
    auto timer = l.after(Millis{10}, [&stream] { stream->close(); });
    std::array<char, 16> buffer;
    Result<size_t> got = co_await stream->read(buffer, deadline_in(kSoon));
    if (!got) out = got.error().code;
    l.stop();
  };
  loop.spawn(body(loop, listener->local(), code));
  loop.run();
  EXPECT_EQ(code, Errc::closed);
}

TEST(Dialer, a_closed_port_refuses) {
  Loop loop;
  Endpoint to;
  {
    auto listener = Listener::open(loop, kAny);
    to = listener->local();
  }
  Errc code = Errc::internal;
  const auto body = [](Loop& l, Endpoint at, Errc& out) -> Task<void> {
    Result<Stream> stream = co_await connect(l, at, std::nullopt, deadline_in(kSoon));
    if (!stream) out = stream.error().code;
    l.stop();
  };
  loop.spawn(body(loop, to, code));
  loop.run();
  EXPECT_EQ(code, Errc::refused);
}

TEST(Listener, without_descriptors_it_says_busy) {
  Loop loop;
  auto listener = Listener::open(loop, kAny);
  Errc code = Errc::internal;
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto body = [](Loop& l, Listener& from, Errc& out) -> Task<void> {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    Result<Stream> stream = co_await from.accept(l);
    setrlimit(RLIMIT_NOFILE, &before);
    if (!stream) out = stream.error().code;
    l.stop();
  };
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(listener->local().port);
  to.sin_addr.s_addr = htonl(0x7f000001);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  loop.spawn(body(loop, *listener, code));
  loop.run();
  ::close(client);
  EXPECT_EQ(code, Errc::busy);
}

TEST(Listener, a_stale_unix_socket_is_replaced_and_a_live_one_is_not) {
  const std::string path = "/tmp/waybill-listener-test-" + std::to_string(getpid());
  Loop loop;
  {
    const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(::bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(stale);
  }
  auto first = Listener::open_unix(loop, path, 0600);
  ASSERT_TRUE(first.has_value()) << first.error().what;
  auto second = Listener::open_unix(loop, path, 0600);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::exists);
}

TEST(Loop, a_timer_that_sets_itself_for_now_again_lets_others_have_their_turn) {
  Loop loop;
  unsigned turns = 0;
  bool had_its_turn = false;
  Loop::Timer timer;
  std::function<void()> again = [&] {
    if (had_its_turn || ++turns == 10'000) return loop.stop();
    timer = loop.after(Millis{0}, [&] { again(); });
  };
  loop.post([&] {
    again();
    loop.post([&] { had_its_turn = true; });
  });
  loop.run();
  EXPECT_TRUE(had_its_turn);
  EXPECT_LE(turns, 3U);
}

TEST(Loop, frees_the_frames_of_tasks_that_never_end) {
  auto token = std::make_shared<int>(1);
  {
    Loop loop;
    const auto body = [](Loop& l, std::shared_ptr<int> held) -> Task<void> {
      l.post([&l] { l.stop(); });
      co_await l.sleep(std::chrono::hours{1});
      (void)held;
    };
    loop.spawn(body(loop, token));
    loop.run();
    EXPECT_GT(token.use_count(), 1);
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace waybill::net
