// socket_address.h: between Endpoint and the kernel's sockaddr; private to net/.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/ip.h"

namespace waybill::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint);
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  /// 0.0.0.0:0 for families other than IPv4 and IPv6.
  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] static Endpoint local_of(int fd);
  [[nodiscard]] static Endpoint remote_of(int fd);
};

}  // namespace waybill::net
