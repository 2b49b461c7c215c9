// smtp_load.cc: a load that smtp-source and smtp-sink can't make: STARTTLS with resumption, and many
// destinations.
//   smtp_load source [--sessions N] [--messages N] [--size N] [--domains N] [--kept] [--tls] IP:PORT
//     sends N messages without pipelining, as smtp-source does, to user@sink.test, or in turn to the domains
//     d0.sink.test, d1.sink.test, …; prints one line of JSON: time, latency, how many handshakes were
//     resumed.
//   smtp_load sink --cert FILE --key FILE IP:PORT
//     takes everything, offers STARTTLS, prints a running counter as smtp-sink -c does.
// One blocking thread a session: it is the MTA that is measured, and twenty threads cost less than it does.
// Any unexpected reply ends the program with 1: a load that was not sent must not count. A bench tool: it
// checks no certificate, and is not for a network with strangers.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {
using Clock = std::chrono::steady_clock;

struct Options {
  bool source = false, kept = false, tls = false;
  long sessions = 20, messages = 1000, size = 4096, domains = 1;
  std::string cert, key;
  sockaddr_in peer{};
};

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "smtp_load: %s\n", why.c_str());
  std::_Exit(1);
}

/// A connection with line reading, in clear or by TLS. Reads return false at the end of it.
class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (ssl_ != nullptr) {
      SSL_set_quiet_shutdown(ssl_, 1);
      SSL_shutdown(ssl_);
      SSL_free(ssl_);
    }
    close(fd_);
  }

  bool start_tls(SSL_CTX* context, bool server, SSL_SESSION* session) {
    begin_ = end_ = 0;  // nothing that came in clear counts after the handshake (RFC 3207 4.2)
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    if (session != nullptr) SSL_set_session(ssl_, session);
    return (server ? SSL_accept(ssl_) : SSL_connect(ssl_)) == 1;
  }
  [[nodiscard]] bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }
  [[nodiscard]] bool secure() const { return ssl_ != nullptr; }

  bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ssl_ != nullptr ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                                        : send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// The next line without its CRLF; it stays valid until the next read. Longer ones than the buffer end it.
  bool line(std::string_view& out) {
    for (std::size_t from = begin_;;) {
      const auto* found = static_cast<const char*>(std::memchr(buffer_ + from, '\n', end_ - from));
      if (found != nullptr) {
        const auto stop = static_cast<std::size_t>(found - buffer_);
        out = {buffer_ + begin_, stop - begin_};
        if (out.ends_with('\r')) out.remove_suffix(1);
        begin_ = stop + 1;
        return true;
      }
      if (begin_ > 0) std::memmove(buffer_, buffer_ + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      from = end_;
      if (end_ == sizeof buffer_ || !fill()) return false;
    }
  }

  /// Skips a message up to and with its final dot.
  bool skip_message() {
    std::string_view text;
    while (line(text)) {
      if (text == ".") return true;
    }
    return false;
  }

 private:
  bool fill() {
    const std::size_t room = sizeof buffer_ - end_;
    const ssize_t n = ssl_ != nullptr ? SSL_read(ssl_, buffer_ + end_, static_cast<int>(room))
                                      : recv(fd_, buffer_ + end_, room, 0);
    if (n <= 0) return false;
    end_ += static_cast<std::size_t>(n);
    return true;
  }

  int fd_;
  SSL* ssl_ = nullptr;
  std::size_t begin_ = 0, end_ = 0;
  char buffer_[65536];
};

// ---- the sending end -----------------------------------------------------------------------------------

std::atomic<long> next_message{0}, handshakes{0}, resumptions{0}, connections{0};

/// What a thread of the source remembers: the newest TLS session, to resume it, and its times.
struct Sender {
  const Options& options;
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
  while (static_cast<long>(text.size()) < size) text += line + "\r\n";
  return text + ".\r\n";
}

int connected(const sockaddr_in& peer) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0)
    die(std::string("can't connect: ") + std::strerror(errno));
  return fd;
}

void send_messages(Sender& sender) {
  const Options& o = sender.options;
  if (o.tls) {
    sender.context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_app_data(sender.context, &sender);
    SSL_CTX_set_session_cache_mode(sender.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(sender.context, keep_session);
  }
  const std::string text = body(o.size);
  long number = next_message++;
  while (number < o.messages) {
    auto begin = Clock::now();
    Channel channel(connected(o.peer));
    open_session(channel, sender);
    do {
      const std::string domain =
          o.domains > 1 ? "d" + std::to_string(number % o.domains) + ".sink.test" : "sink.test";
      ask(channel, "MAIL FROM:<load@source.test>\r\n", '2', "MAIL");
      ask(channel, "RCPT TO:<user@" + domain + ">\r\n", '2', "RCPT");
      ask(channel, "DATA\r\n", '3', "DATA");
      ask(channel, text, '2', "the message");
      const auto end = Clock::now();
      sender.latencies_ms.push_back(std::chrono::duration<float, std::milli>(end - begin).count());
      begin = end;
      number = next_message++;
    } while (o.kept && number < o.messages);
    ask(channel, "QUIT\r\n", '2', "QUIT");
  }
}

int run_source(const Options& options) {
  const auto begin = Clock::now();
  std::vector<Sender> senders(static_cast<std::size_t>(options.sessions), Sender{options});
  std::vector<std::thread> threads;
  for (Sender& sender : senders) threads.emplace_back(send_messages, std::ref(sender));
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<float> all;
  for (const Sender& sender : senders)
    all.insert(all.end(), sender.latencies_ms.begin(), sender.latencies_ms.end());
  if (static_cast<long>(all.size()) != options.messages) die("not all were sent");
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

// ---- the receiving end ---------------------------------------------------------------------------------

std::atomic<long> sink_sessions{0}, sink_quits{0}, sink_messages{0}, sink_tls{0}, sink_resumed{0};

bool is_verb(std::string_view line, std::string_view verb) {
  return line.size() >= verb.size() && strncasecmp(line.data(), verb.data(), verb.size()) == 0;
}

/// One session; false ends it.
bool answer(Channel& channel, std::string_view line, SSL_CTX* context) {
  if (is_verb(line, "EHLO")) {
    const bool offer = context != nullptr && !channel.secure();
    return channel.write(offer ? "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 STARTTLS\r\n"
                               : "250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
  }
  if (is_verb(line, "STARTTLS") && context != nullptr && !channel.secure()) {
    if (!channel.write("220 go ahead\r\n") || !channel.start_tls(context, true, nullptr)) return false;
    ++sink_tls;
    if (channel.resumed()) ++sink_resumed;
    return true;
  }
  if (is_verb(line, "DATA")) {
    if (!channel.write("354 end with a dot\r\n") || !channel.skip_message()) return false;
    const bool answered = channel.write("250 taken\r\n");
    ++sink_messages;
    return answered;
  }
  if (is_verb(line, "QUIT")) {
    ++sink_quits;
    channel.write("221 bye\r\n");
    return false;
  }
  return channel.write("250 fine\r\n");
}

void serve(int fd, SSL_CTX* context) {
  Channel channel(fd);
  ++sink_sessions;
  std::string_view line;
  if (!channel.write("220 sink.test ESMTP\r\n")) return;
  while (channel.line(line) && answer(channel, line, context)) {
  }
}

void count() {
  for (long last = -1;; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
    if (sink_messages == last) continue;
    last = sink_messages;
    std::printf("sess=%ld quit=%ld mesg=%ld tls=%ld resumed=%ld\r", sink_sessions.load(), sink_quits.load(),
                last, sink_tls.load(), sink_resumed.load());
    std::fflush(stdout);
  }
}

int run_sink(const Options& options) {
  SSL_CTX* context = nullptr;
  if (!options.cert.empty()) {
    context = SSL_CTX_new(TLS_server_method());
    const unsigned char id[] = "sink";
    SSL_CTX_set_session_id_context(context, id, sizeof id);
    if (SSL_CTX_use_certificate_chain_file(context, options.cert.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1)
      die("can't use the certificate or its key");
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&options.peer), sizeof options.peer) != 0 ||
      listen(listener, 1024) != 0)
    die(std::string("can't listen: ") + std::strerror(errno));
  std::thread(count).detach();
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) std::thread(serve, fd, context).detach();
  }
}

long number(const char* text) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*text == 0 || *end != 0 || value < 1 || value > 100'000'000) die(std::string("not a number: ") + text);
  return value;
}

Options parse(int argc, char** argv) {
  Options o;
  if (argc < 3 || (std::strcmp(argv[1], "source") != 0 && std::strcmp(argv[1], "sink") != 0))
    die("usage: smtp_load source|sink … IP:PORT (see the top of bench/smtp_load.cc)");
  o.source = std::strcmp(argv[1], "source") == 0;
  for (int i = 2; i < argc - 1; ++i) {
    const std::string_view name = argv[i];
    if (name == "--kept") {
      o.kept = true;
      continue;
    }
    if (name == "--tls") {
      o.tls = true;
      continue;
    }
    if (i + 2 >= argc) die("no value for " + std::string(name));
    const char* value = argv[++i];
    if (name == "--sessions")
      o.sessions = number(value);
    else if (name == "--messages")
      o.messages = number(value);
    else if (name == "--size")
      o.size = number(value);
    else if (name == "--domains")
      o.domains = number(value);
    else if (name == "--cert")
      o.cert = value;
    else if (name == "--key")
      o.key = value;
    else
      die("unknown: " + std::string(name));
  }
  const std::string endpoint = argv[argc - 1];
  const auto colon = endpoint.rfind(':');
  if (colon == std::string::npos) die("the last word is IP:PORT");
  o.peer.sin_family = AF_INET;
  o.peer.sin_port = htons(static_cast<uint16_t>(number(endpoint.c_str() + colon + 1)));
  if (inet_pton(AF_INET, endpoint.substr(0, colon).c_str(), &o.peer.sin_addr) != 1)
    die("not an address: " + endpoint);
  return o;
}
}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  return options.source ? run_source(options) : run_sink(options);
}
