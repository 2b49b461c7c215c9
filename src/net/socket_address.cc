#include "net/socket_address.h"

#include <algorithm>
#include <cstring>

namespace waybill::net {

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  if (endpoint.ip.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.ip.octets().data(), 4);
    std::memcpy(&storage, &in, sizeof in);
    length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, endpoint.ip.octets().data(), 16);
    std::memcpy(&storage, &in, sizeof in);
    length = sizeof in;
  }
}

Endpoint SocketAddress::endpoint() const {
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    return {IpAddress::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &storage, sizeof in);
    std::array<uint8_t, 16> octets{};
    std::memcpy(octets.data(), &in.sin6_addr, 16);
    return {IpAddress::v6(octets), ntohs(in.sin6_port)};
  }
  return {};
}

Endpoint SocketAddress::local_of(int fd) {
  SocketAddress address;
  if (getsockname(fd, address.get(), &address.length) != 0) return {};
  return address.endpoint();
}

Endpoint SocketAddress::remote_of(int fd) {
  SocketAddress address;
  if (getpeername(fd, address.get(), &address.length) != 0) return {};
  return address.endpoint();
}

}  // namespace waybill::net
