// smtp_peer.h: a small SMTP server on a real loopback socket that misbehaves on demand. Blocking, one thread
// a connection; it keeps what it accepted for the test to look at.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace waybill::test {

struct PeerMessage {
  std::string from;
  std::vector<std::string> to;
  std::string body;    ///< as sent, dots undone
  int connection = 0;  ///< counted from 1
};

/// Where it listens, and the PEM files with which it answers STARTTLS.
struct PeerPlace {
  std::string ip = "127.0.0.1";
  uint16_t port = 0;
  std::string unix_path;  ///< instead of address and port
  std::string certificate_file;
  std::string key_file;
};

class SmtpPeer {
 public:
  /// Given a command line without its end (or "BANNER", or "." for the end of a message): the reply without
  /// CRLF, "" to say nothing and close, or nothing for the usual answer.
  using Script = std::function<std::optional<std::string>(const std::string& command, int connection)>;

  explicit SmtpPeer(std::vector<std::string> offers = {"PIPELINING", "8BITMIME", "CHUNKING"},
                    Script script = {}, std::string ip = "127.0.0.1", uint16_t port = 0)
      : SmtpPeer(
            std::move(offers), std::move(script),
            PeerPlace{
                .ip = std::move(ip), .port = port, .unix_path = {}, .certificate_file = {}, .key_file = {}}) {
  }

  SmtpPeer(std::vector<std::string> offers, Script script, const PeerPlace& place)
      : offers_(std::move(offers)), script_(std::move(script)) {
    if (!place.certificate_file.empty()) {
      tls_.reset(SSL_CTX_new(TLS_server_method()));
      SSL_CTX_use_certificate_chain_file(tls_.get(), place.certificate_file.c_str());
      SSL_CTX_use_PrivateKey_file(tls_.get(), place.key_file.c_str(), SSL_FILETYPE_PEM);
    }
    if (place.unix_path.empty()) {
      listen_tcp(place);
    } else {
      listen_unix(place.unix_path);
    }
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~SmtpPeer() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::scoped_lock lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& session : sessions_) session.join();
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::vector<PeerMessage> messages() const {
    const std::scoped_lock lock(mutex_);
    return messages_;
  }
  [[nodiscard]] std::vector<std::string> commands() const {
    const std::scoped_lock lock(mutex_);
    return commands_;
  }

 private:
  void listen_tcp(const PeerPlace& place) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(place.port);
    ::inet_pton(AF_INET, place.ip.c_str(), &at.sin_addr);
    ok_ =
        ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 && ::listen(listener_, 128) == 0;
    socklen_t length = sizeof at;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &length);
    port_ = ntohs(at.sin_port);
  }

  void listen_unix(const std::string& path) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    ok_ =
        ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 && ::listen(listener_, 128) == 0;
  }

  struct SslFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  void accept_all() {
    while (!stop_) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;  // replies to pipelined commands go out one by one
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::scoped_lock lock(mutex_);
      open_.push_back(fd);
      sessions_.emplace_back([this, fd, number = ++connections_] {
        serve(fd, number);
        const std::scoped_lock ended(mutex_);
        std::erase(open_, fd);
        ::close(fd);
      });
    }
  }

  struct Wire {
    int fd;
    std::string buffer;
    std::unique_ptr<SSL, SslFree> ssl;
    bool start_tls(SSL_CTX* context) {
      buffer.clear();
      ssl.reset(SSL_new(context));
      SSL_set_fd(ssl.get(), fd);
      return SSL_accept(ssl.get()) == 1;
    }
    bool fill() {
      char octets[16384];
      const ssize_t got =
          ssl ? SSL_read(ssl.get(), octets, sizeof octets) : ::recv(fd, octets, sizeof octets, 0);
      if (got <= 0) return false;
      buffer.append(octets, static_cast<size_t>(got));
      return true;
    }
    std::optional<std::string> line() {
      size_t end;
      while ((end = buffer.find("\r\n")) == std::string::npos) {
        if (!fill()) return std::nullopt;
      }
      std::string out = buffer.substr(0, end);
      buffer.erase(0, end + 2);
      return out;
    }
    std::optional<std::string> octets(size_t count) {
      while (buffer.size() < count) {
        if (!fill()) return std::nullopt;
      }
      std::string out = buffer.substr(0, count);
      buffer.erase(0, count);
      return out;
    }
    bool say(const std::string& reply) const {
      const std::string wire = reply + "\r\n";
      if (ssl)
        return SSL_write(ssl.get(), wire.data(), static_cast<int>(wire.size())) ==
               static_cast<int>(wire.size());
      return ::send(fd, wire.data(), wire.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(wire.size());
    }
  };

  std::string answer(const std::string& command, int number, const std::string& usual) {
    if (script_) {
      if (auto scripted = script_(command, number)) return *scripted;
    }
    return usual;
  }

  std::string ehlo_reply() const {
    std::string out = offers_.empty() ? "250 peer.test" : "250-peer.test";
    for (size_t n = 0; n < offers_.size(); ++n) {
      out += (n + 1 == offers_.size() ? "\r\n250 " : "\r\n250-") + offers_[n];
    }
    return out;
  }

  bool take(const std::string& reply, PeerMessage& message, std::string body, int number, const Wire& wire) {
    if (reply.starts_with("2")) {
      message.body = std::move(body);
      message.connection = number;
      const std::scoped_lock lock(mutex_);
      messages_.push_back(message);
    }
    message = {};
    return !reply.empty() && wire.say(reply);
  }

  void serve(int fd, int number) {
    Wire wire{fd, {}, {}};
    const std::string banner = answer("BANNER", number, "220 peer.test ESMTP");
    if (banner.empty() || !wire.say(banner)) return;
    PeerMessage message;
    while (auto line = wire.line()) {
      {
        const std::scoped_lock lock(mutex_);
        commands_.push_back(*line);
      }
      const std::string verb = line->substr(0, 4);
      if (verb == "BDAT") {
        auto body = wire.octets(std::stoul(line->substr(5)));
        if (!body || !take(answer(*line, number, message.to.empty() ? "503 5.5.1 none" : "250 2.0.0 taken"),
                           message, std::move(*body), number, wire)) {
          return;
        }
        continue;
      }
      const std::string usual = verb == "EHLO"           ? ehlo_reply()
                                : verb == "DATA"         ? (message.to.empty() ? "554 5.5.1 none" : "354 go")
                                : verb == "QUIT"         ? "221 bye"
                                : verb == "STAR" && tls_ ? "220 2.0.0 go"
                                                         : "250 2.1.0 ok";
      const std::string reply = answer(*line, number, usual);
      if (reply.empty() || !wire.say(reply) || reply.starts_with("421") || verb == "QUIT") return;
      if (verb == "STAR" && tls_ && reply.starts_with("220") && !wire.start_tls(tls_.get())) return;
      if (verb == "MAIL" && reply.starts_with("2")) message.from = *line;
      if (verb == "RCPT" && reply.starts_with("2")) message.to.push_back(*line);
      if (verb == "RSET") message = {};
      if (verb != "DATA" || !reply.starts_with("354")) continue;
      std::string body;
      while (true) {
        auto text = wire.line();
        if (!text) return;
        if (*text == ".") break;
        body += (text->starts_with(".") ? text->substr(1) : *text) + "\r\n";
      }
      if (!take(answer(".", number, "250 2.0.0 taken"), message, std::move(body), number, wire)) return;
    }
  }

  std::vector<std::string> offers_;
  Script script_;
  std::unique_ptr<SSL_CTX, SslFree> tls_;
  int listener_ = -1;
  bool ok_ = false;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<int> open_;
  std::vector<PeerMessage> messages_;
  std::vector<std::string> commands_;
  std::vector<std::thread> sessions_;
  std::thread acceptor_;
};

}  // namespace waybill::test
