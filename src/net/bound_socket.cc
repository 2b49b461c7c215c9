#include "net/bound_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include "net/socket_address.h"

namespace waybill::net {

Result<int> bound_socket(int type, const Endpoint& at, std::string_view doing) {
  const SocketAddress address(at);
  const int fd = ::socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return pass(errno_error(doing));
  const int on = 1;
  // For datagrams it would let two servers share a port, each with some of the questions.
  if (type == SOCK_STREAM) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (at.ip.is_v6()) (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd, address.get(), address.length) != 0) {
    Error error = errno_error(doing);
    ::close(fd);
    return pass(std::move(error));
  }
  return fd;
}

}  // namespace waybill::net
