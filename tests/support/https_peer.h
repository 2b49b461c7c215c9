// https_peer.h: a web server on loopback that gives one fixed answer, octet for octet, over TLS, and keeps
// the requests.
#pragma once

#include <array>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/listener.h"

namespace waybill::test {

class HttpsPeer {
 public:
  HttpsPeer(const std::string& chain_file, const std::string& key_file, std::string answer)
      : tls_(net::TlsContext::server(chain_file, key_file).value()),
        answer_(std::move(answer)),
        listener_(net::Listener::open(loop_, {IpAddress::v4(0x7F000001), 0}).value()),
        port_(listener_.local().port) {
    loop_.spawn(accept_all(this));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~HttpsPeer() {
    loop_.post([this] { listener_.close(); });
    loop_.stop();
    thread_.join();
  }
  HttpsPeer(const HttpsPeer&) = delete;
  HttpsPeer& operator=(const HttpsPeer&) = delete;
  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  static net::Task<void> accept_all(HttpsPeer* self) {
    while (true) {
      Result<net::Stream> stream = co_await self->listener_.accept(self->loop_);
      if (!stream) co_return;
      self->loop_.spawn(serve(self, std::move(*stream)));
    }
  }
  static net::Task<void> serve(HttpsPeer* self, net::Stream stream) {
    const Steady deadline = net::deadline_in(Seconds(60));
    const Status shaken = co_await stream.start_tls_server(self->tls_, deadline);
    if (!shaken) co_return;
    std::string request;
    std::array<char, 4096> block;
    while (request.find("\r\n\r\n") == std::string::npos) {
      const Result<size_t> got = co_await stream.read(block, deadline);
      if (!got) co_return;
      request.append(block.data(), *got);
    }
    {
      const std::scoped_lock lock(self->mutex_);
      self->requests_.push_back(request);
    }
    const Status sent = co_await stream.write(self->answer_, deadline);
    if (sent) co_await stream.shutdown(deadline);
  }

  net::Loop loop_;
  std::shared_ptr<net::TlsContext> tls_;
  std::string answer_;
  net::Listener listener_;
  uint16_t port_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace waybill::test
