// sink.cc: the receiving end: takes everything and counts it.
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "smtp_load.h"

namespace smtp_load {
namespace {
std::atomic<long> sessions{0}, quits{0}, messages{0}, secured{0}, resumed{0};

/// Messages and when they were complete, since the last look.
std::mutex times_mutex;
std::vector<std::pair<long, std::int64_t>> times;

bool is_verb(std::string_view line, std::string_view verb) {
  return line.size() >= verb.size() && strncasecmp(line.data(), verb.data(), verb.size()) == 0;
}

bool take_message(Channel& channel, bool with_times) {
  long number = -1;
  if (!channel.write("354 end with a dot\r\n") || !channel.read_message(number)) return false;
  if (with_times && number >= 0) {
    const auto now = nanoseconds(Clock::now());
    const std::lock_guard lock(times_mutex);
    times.emplace_back(number, now);
  }
  const bool answered = channel.write("250 taken\r\n");
  ++messages;
  return answered;
}

/// One command; false ends the session.
bool answer(Channel& channel, std::string_view line, SSL_CTX* context, bool with_times) {
  if (is_verb(line, "EHLO")) {
    const bool offer = context != nullptr && !channel.secure();
    return channel.write(offer ? "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 STARTTLS\r\n"
                               : "250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
  }
  if (is_verb(line, "STARTTLS") && context != nullptr && !channel.secure()) {
    if (!channel.write("220 go ahead\r\n") || !channel.start_tls(context, true, nullptr)) return false;
    ++secured;
    if (channel.resumed()) ++resumed;
    return true;
  }
  if (is_verb(line, "DATA")) return take_message(channel, with_times);
  if (is_verb(line, "QUIT")) {
    ++quits;
    channel.write("221 bye\r\n");
    return false;
  }
  return channel.write("250 fine\r\n");
}

void serve(int fd, SSL_CTX* context, bool with_times) {
  Channel channel(fd);
  ++sessions;
  std::string_view line;
  if (!channel.write("220 sink.test ESMTP\r\n")) return;
  while (channel.line(line) && answer(channel, line, context, with_times)) {
  }
}

/// Writes the counter whenever it has changed, and before it the times of what it counts.
void count(std::FILE* file) {
  for (long last = -1;; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
    const long now = messages;
    if (now == last) continue;
    last = now;
    if (file != nullptr) {
      std::vector<std::pair<long, std::int64_t>> fresh;
      {
        const std::lock_guard lock(times_mutex);
        fresh.swap(times);
      }
      for (const auto& [number, at] : fresh)
        std::fprintf(file, "%ld %lld\n", number, static_cast<long long>(at));
      std::fflush(file);
    }
    std::printf("sess=%ld quit=%ld mesg=%ld tls=%ld resumed=%ld\r", sessions.load(), quits.load(), last,
                secured.load(), resumed.load());
    std::fflush(stdout);
  }
}

SSL_CTX* tls_context(const Options& options) {
  if (options.cert.empty()) return nullptr;
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  const unsigned char id[] = "sink";
  SSL_CTX_set_session_id_context(context, id, sizeof id);
  if (SSL_CTX_use_certificate_chain_file(context, options.cert.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1)
    die("can't use the certificate or its key");
  return context;
}
}  // namespace

int run_sink(const Options& options) {
  SSL_CTX* context = tls_context(options);
  std::FILE* file = options.times.empty() ? nullptr : std::fopen(options.times.c_str(), "w");
  if (!options.times.empty() && file == nullptr) die("can't write " + options.times);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&options.peer), sizeof options.peer) != 0 ||
      listen(listener, 1024) != 0)
    die(std::string("can't listen: ") + std::strerror(errno));
  std::thread(count, file).detach();
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) std::thread(serve, fd, context, file != nullptr).detach();
  }
}

}  // namespace smtp_load
