// source.cc: the sending end, and the sessions that only wait.
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "smtp_load.h"

namespace smtp_load {

int connected(const sockaddr_in& peer) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0)
    die(std::string("can't connect: ") + std::strerror(errno));
  return fd;
}

/// Reads a whole reply, which must begin with `digit`.
void expect(Channel& channel, char digit, const char* after) {
  std::string_view text;
  do {
    if (!channel.line(text)) die(std::string("the connection ended after ") + after);
  } while (text.size() > 3 && text[3] == '-');
  if (text.empty() || text[0] != digit) die(std::string("after ") + after + ": " + std::string(text));
}

void ask(Channel& channel, const std::string& command, char digit, const char* name) {
  if (!channel.write(command)) die(std::string("can't send ") + name);
  expect(channel, digit, name);
}

namespace {
/// Up to this size a message goes out in one piece; beyond it the sessions share the text.
constexpr std::size_t kOwnTextMax = 262'144;

std::atomic<long> next_message{0}, handshakes{0}, resumptions{0}, connections{0};

/// When each message arrives (none: at once), and when it was acknowledged.
struct Times {
  std::vector<Clock::duration> arrival;
  std::vector<std::int64_t> arrived_ns, acknowledged_ns;
};

/// What a thread of the source remembers: the newest TLS session, to resume it, and its times.
struct Sender {
  const Options& options;
  const std::string& text;  ///< the message but for its number
  Times& times;
  Clock::time_point begin;
  SSL_CTX* context = nullptr;
  SSL_SESSION* session = nullptr;
  std::vector<float> latencies_ms = {};
};

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* sender = static_cast<Sender*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (sender->session != nullptr) SSL_SESSION_free(sender->session);
  sender->session = session;
  return 1;  // it is ours now
}

void prepare_tls(Sender& sender) {
  sender.context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_app_data(sender.context, &sender);
  SSL_CTX_set_session_cache_mode(sender.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(sender.context, keep_session);
}

void open_session(Channel& channel, Sender& sender) {
  expect(channel, '2', "connecting");
  ask(channel, "EHLO source.test\r\n", '2', "EHLO");
  ++connections;
  if (!sender.options.tls) return;
  ask(channel, "STARTTLS\r\n", '2', "STARTTLS");
  if (!channel.start_tls(sender.context, false, sender.session)) die("the TLS handshake failed");
  ++handshakes;
  if (channel.resumed()) ++resumptions;
  ask(channel, "EHLO source.test\r\n", '2', "EHLO");
}

std::string body(long size) {
  std::string text =
      "From: <load@source.test>\r\nTo: <user@sink.test>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
      "Message-Id: <load@source.test>\r\nSubject: load\r\n\r\n";
  const std::string line(78, 'X');
  text.reserve(static_cast<std::size_t>(size) + 100);
  while (static_cast<long>(text.size()) < size) text += line + "\r\n";
  return text + ".\r\n";
}

/// The `n`th recipient of the load.
std::string recipient(const Options& o, long n) {
  const bool one_name = o.recipients == 1 && o.first == 0;
  return (one_name ? "user" : "user" + std::to_string(n)) + "@" +
         (o.domains > 1 ? "d" + std::to_string(n % o.domains) + "." : "") + o.suffix;
}

void send_one(Channel& channel, Sender& sender, long number) {
  const Options& o = sender.options;
  ask(channel, "MAIL FROM:<load@source.test>\r\n", '2', "MAIL");
  for (long i = 0; i < o.recipients; ++i) {
    const long n = o.first + number * o.recipients + i;
    ask(channel, "RCPT TO:<" + recipient(o, n) + ">\r\n", '2', "RCPT");
  }
  ask(channel, "DATA\r\n", '3', "DATA");
  std::string head = kNumberField + std::to_string(number) + "\r\n";
  if (sender.text.size() <= kOwnTextMax) return ask(channel, head + sender.text, '2', "the message");
  if (!channel.write(head)) die("can't send the message");
  ask(channel, sender.text, '2', "the message");
}

/// Waits until the message arrives, and says when that was.
Clock::time_point arrival(const Sender& sender, long number) {
  if (sender.times.arrival.empty()) return Clock::now();
  const auto at = sender.begin + sender.times.arrival[static_cast<std::size_t>(number)];
  std::this_thread::sleep_until(at);
  return at;
}

void send_messages(Sender& sender) {
  const Options& o = sender.options;
  if (o.tls) prepare_tls(sender);
  long number = next_message++;
  while (number < o.messages) {
    auto arrived = arrival(sender, number);
    Channel channel(connected(o.peer));
    open_session(channel, sender);
    while (true) {
      send_one(channel, sender, number);
      const auto end = Clock::now();
      sender.latencies_ms.push_back(std::chrono::duration<float, std::milli>(end - arrived).count());
      if (!o.times.empty()) {
        sender.times.arrived_ns[static_cast<std::size_t>(number)] = nanoseconds(arrived);
        sender.times.acknowledged_ns[static_cast<std::size_t>(number)] = nanoseconds(end);
      }
      number = next_message++;
      if (!o.kept || number >= o.messages) break;
      arrived = arrival(sender, number);
    }
    ask(channel, "QUIT\r\n", '2', "QUIT");
  }
}

Times plan(const Options& o) {
  Times out;
  if (o.rate > 0) {
    std::mt19937_64 random(1);  // the same load for everyone
    std::exponential_distribution<double> gap(o.rate);
    double at = 0;
    for (long n = 0; n < o.messages; ++n) {
      at += gap(random);
      out.arrival.push_back(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(at)));
    }
  }
  if (!o.times.empty()) {
    out.arrived_ns.resize(static_cast<std::size_t>(o.messages));
    out.acknowledged_ns.resize(static_cast<std::size_t>(o.messages));
  }
  return out;
}

void write_times(const Options& o, const Times& times) {
  if (o.times.empty()) return;
  std::FILE* file = std::fopen(o.times.c_str(), "w");
  if (file == nullptr) die("can't write " + o.times);
  for (std::size_t n = 0; n < times.arrived_ns.size(); ++n)
    std::fprintf(file, "%zu %lld %lld\n", n, static_cast<long long>(times.arrived_ns[n]),
                 static_cast<long long>(times.acknowledged_ns[n]));
  if (std::fclose(file) != 0) die("can't write " + o.times);
}
}  // namespace

int run_source(const Options& options) {
  Times times = plan(options);
  const std::string text = body(options.size);
  const auto begin = Clock::now();
  std::vector<Sender> senders(static_cast<std::size_t>(options.sessions),
                              Sender{options, text, times, begin});
  std::vector<std::thread> threads;
  threads.reserve(senders.size());
  for (Sender& sender : senders) threads.emplace_back(send_messages, std::ref(sender));
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<float> all;
  for (const Sender& sender : senders)
    all.insert(all.end(), sender.latencies_ms.begin(), sender.latencies_ms.end());
  if (static_cast<long>(all.size()) != options.messages) die("not all were sent");
  write_times(options, times);
  std::sort(all.begin(), all.end());
  const auto at = [&](double part) {
    return all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))];
  };
  std::printf(R"({"seconds": %.4f, "messages": %ld, "connections": %ld, "handshakes": %ld, "resumed": %ld, )"
              R"("p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f})"
              "\n",
              seconds, options.messages, connections.load(), handshakes.load(), resumptions.load(),
              static_cast<double>(at(0.5)), static_cast<double>(at(0.99)), static_cast<double>(all.back()));
  return 0;
}

int run_idle(const Options& options) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Times times;
  const std::string text = body(options.size);
  const auto begin = Clock::now();
  Sender sender{options, text, times, begin};
  if (options.tls) prepare_tls(sender);
  std::deque<Channel> held;
  for (long n = 0; n < options.sessions; ++n) {
    Channel& channel = held.emplace_back(connected(options.peer));
    open_session(channel, sender);
    if (options.with_message) send_one(channel, sender, n);
    channel.forget_buffer();
  }
  std::printf(R"({"sessions": %ld, "seconds": %.3f})"
              "\n",
              connections.load(), std::chrono::duration<double>(Clock::now() - begin).count());
  std::fflush(stdout);
  char octet = 0;
  while (read(STDIN_FILENO, &octet, 1) > 0) {
  }
  std::_Exit(0);  // what is open ends with us
}

}  // namespace smtp_load
