// http_daemon.h: serve_http() on a thread of its own, over a Unix socket in a new folder and a TCP port of
// loopback, for tests that talk to it from outside as curl or the command line would.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <string>
#include <thread>

#include "net/http_server.h"
#include "net/listener.h"

namespace waybill::test {

class HttpDaemon {
 public:
  explicit HttpDaemon(net::HttpHandler handler, net::HttpLimits limits = {}) {
    char folder[] = "/tmp/waybill-http-XXXXXX";
    folder_ = mkdtemp(folder);
    std::promise<uint16_t> ready;
    auto port = ready.get_future();
    thread_ = std::thread([this, handler, limits, &ready] {
      auto on_unix = net::Listener::open_unix(loop_, socket_path(), 0600);
      auto on_tcp = net::Listener::open(loop_, *Endpoint::parse("127.0.0.1:0"));
      if (!on_unix || !on_tcp) std::abort();
      loop_.spawn(accept(loop_, *on_unix, handler, limits));
      loop_.spawn(accept(loop_, *on_tcp, handler, limits));
      ready.set_value(on_tcp->local().port);
      loop_.run();
    });
    port_ = port.get();
  }
  ~HttpDaemon() {
    loop_.stop();
    thread_.join();
    unlink(socket_path().c_str());
    rmdir(folder_.c_str());
  }
  HttpDaemon(const HttpDaemon&) = delete;
  HttpDaemon& operator=(const HttpDaemon&) = delete;

  [[nodiscard]] std::string socket_path() const { return folder_ + "/control.sock"; }
  [[nodiscard]] uint16_t port() const { return port_; }

  /// Sends `octets` over TCP as they are, in pieces of `piece` octets, then reads until the server closes.
  [[nodiscard]] std::string exchange(std::string_view octets, size_t piece = std::string::npos) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) std::abort();
    while (!octets.empty()) {
      const ssize_t n = ::send(fd, octets.data(), std::min(piece, octets.size()), MSG_NOSIGNAL);
      if (n <= 0) break;
      octets.remove_prefix(static_cast<size_t>(n));
    }
    ::shutdown(fd, SHUT_WR);
    std::string out;
    char block[16384];
    for (ssize_t n = 0; (n = ::recv(fd, block, sizeof block, 0)) > 0;)
      out.append(block, static_cast<size_t>(n));
    ::close(fd);
    return out;
  }

 private:
  static net::Task<void> accept(net::Loop& loop, net::Listener& listener, net::HttpHandler handler,
                                net::HttpLimits limits) {
    while (true) {
      Result<net::Stream> stream = co_await listener.accept(loop);
      if (!stream) co_return;
      loop.spawn(net::serve_http(std::move(*stream), handler, limits));
    }
  }

  std::string folder_;
  net::Loop loop_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace waybill::test
