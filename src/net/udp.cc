#include "net/udp.h"

#include <sys/socket.h>

#include "net/bound_socket.h"
#include "net/connection.h"
#include "net/socket_address.h"

namespace waybill::net {

struct UdpSocket::Impl {
  std::shared_ptr<Connection> connection;
  Endpoint local;
  ~Impl() { connection->abandon(); }
};

UdpSocket::UdpSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UdpSocket::~UdpSocket() = default;
UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
UdpSocket& UdpSocket::operator=(UdpSocket&&) noexcept = default;
void UdpSocket::close() { impl_->connection->close(); }
Endpoint UdpSocket::local() const { return impl_->local; }

Result<UdpSocket> UdpSocket::open(Loop& loop, const Endpoint& at) {
  const auto fd = bound_socket(SOCK_DGRAM, at, fmt::format("cannot listen on UDP {}", at.to_string()));
  if (!fd) return pass(fd.error());
  auto impl = std::make_unique<Impl>();
  impl->local = SocketAddress::local_of(*fd);
  impl->connection = std::make_shared<Connection>(loop, *fd);
  return UdpSocket(std::move(impl));
}

Task<Result<UdpSocket::Datagram>> UdpSocket::receive() {
  const auto connection = impl_->connection;
  while (true) {
    if (connection->closed()) co_return fail(Errc::closed, "the socket is closed");
    Datagram datagram;
    datagram.octets.resize(65535);
    SocketAddress from;
    const ssize_t got = ::recvfrom(connection->fd(), datagram.octets.data(), datagram.octets.size(), 0,
                                   from.get(), &from.length);
    if (got >= 0) {
      datagram.octets.resize(static_cast<size_t>(got));
      datagram.octets.shrink_to_fit();
      datagram.from = from.endpoint();
      co_return std::move(datagram);
    }
    // ECONNREFUSED is an earlier answer's ICMP echo, not this socket's end.
    if (errno == EINTR || errno == ECONNREFUSED) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return pass(errno_error("receive"));
    const auto wake = co_await connection->ready(Connection::reading, false, Steady::max());
    if (wake == Connection::Wake::closed) co_return fail(Errc::closed, "the socket is closed");
  }
}

Status UdpSocket::send(std::string_view octets, const Endpoint& to) {
  const SocketAddress address(to);
  if (::sendto(impl_->connection->fd(), octets.data(), octets.size(), MSG_NOSIGNAL, address.get(),
               address.length) < 0) {
    return pass(errno_error(fmt::format("send to {}", to.to_string())));
  }
  return {};
}

}  // namespace waybill::net
