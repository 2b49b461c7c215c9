// udp.h: a UDP socket on one loop, for the small authoritative server.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/ip.h"
#include "net/loop.h"

namespace waybill::net {

class UdpSocket {
 public:
  [[nodiscard]] static Result<UdpSocket> open(Loop& loop, const Endpoint& at);
  ~UdpSocket();
  UdpSocket(UdpSocket&&) noexcept;
  UdpSocket& operator=(UdpSocket&&) noexcept;

  struct Datagram {
    std::string octets;
    Endpoint from;
  };
  /// Waits for the next datagram (at most 65,535 octets). Errc::closed after close().
  [[nodiscard]] Task<Result<Datagram>> receive();
  [[nodiscard]] Status send(std::string_view octets, const Endpoint& to);
  void close();
  [[nodiscard]] Endpoint local() const;

  struct Impl;

 private:
  explicit UdpSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill::net
