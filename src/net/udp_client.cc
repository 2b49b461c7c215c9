#include "net/udp_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "net/bound_socket.h"
#include "net/connection.h"
#include "net/socket_address.h"

namespace waybill::net {
namespace {
/// Some hundred answers may come while the thread has something else to do.
constexpr int kReceiveOctets = 1 << 20;

struct Batch {
  std::array<std::array<char, UdpClient::kDatagramOctetsMax>, UdpClient::kBatchMax> octets;
  std::array<SocketAddress, UdpClient::kBatchMax> from;
  std::array<iovec, UdpClient::kBatchMax> pieces;
  std::array<mmsghdr, UdpClient::kBatchMax> messages;
};

/// One a thread is enough: what is received is handed on before the next call.
Batch& batch() {
  thread_local const std::unique_ptr<Batch> own = std::make_unique<Batch>();
  return *own;
}

Result<int> bound_near(const Endpoint& server, uint16_t port) {
  const IpAddress any = server.ip.is_v4() ? IpAddress::v4(0U) : IpAddress::v6({});
  if (port != 0) {
    if (auto fd = bound_socket(SOCK_DGRAM, {any, port}, "cannot open a UDP socket")) return fd;
  }
  return bound_socket(SOCK_DGRAM, {any, 0}, "cannot open a UDP socket");
}
}  // namespace

struct UdpClient::Impl {
  std::shared_ptr<Connection> connection;
  Endpoint server;
  ~Impl() { connection->abandon(); }
};

UdpClient::UdpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UdpClient::~UdpClient() = default;
void UdpClient::close() { impl_->connection->close(); }
Endpoint UdpClient::local() const { return SocketAddress::local_of(impl_->connection->fd()); }

Result<std::shared_ptr<UdpClient>> UdpClient::open(Loop& loop, const Endpoint& server, uint16_t port) {
  const auto fd = bound_near(server, port);
  if (!fd) return pass(fd.error());
  const SocketAddress address(server);
  if (::connect(*fd, address.get(), address.length) != 0) {
    Error error = errno_error("cannot reach " + server.to_string());
    ::close(*fd);
    return pass(std::move(error));
  }
  // The first goes beyond the system's limit, where we may; both are wishes.
  if (setsockopt(*fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveOctets, sizeof kReceiveOctets) != 0)
    (void)setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &kReceiveOctets, sizeof kReceiveOctets);
  auto impl = std::make_unique<Impl>();
  impl->connection = std::make_shared<Connection>(loop, *fd);
  impl->server = server;
  return std::shared_ptr<UdpClient>(new UdpClient(std::move(impl)));
}

size_t UdpClient::send(std::span<const std::string_view> datagrams) {
  std::array<iovec, kBatchMax> pieces;
  std::array<mmsghdr, kBatchMax> messages;
  size_t sent = 0;
  bool refused = false;
  while (sent < datagrams.size() && !impl_->connection->closed()) {
    const size_t count = std::min(kBatchMax, datagrams.size() - sent);
    for (size_t i = 0; i < count; ++i) {
      const std::string_view octets = datagrams[sent + i];
      pieces[i] = {const_cast<char*>(octets.data()), octets.size()};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int put = ::sendmmsg(impl_->connection->fd(), messages.data(), static_cast<unsigned>(count),
                               MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put > 0) {
      sent += static_cast<size_t>(put);
      continue;
    }
    // ECONNREFUSED is an earlier datagram's ICMP echo: this one has not been tried yet.
    if (errno == EINTR || (errno == ECONNREFUSED && !std::exchange(refused, true))) continue;
    break;
  }
  return sent;
}

void UdpClient::receive(const std::function<void(std::string_view)>& take) {
  Batch& into = batch();
  while (!impl_->connection->closed()) {
    for (size_t i = 0; i < kBatchMax; ++i) {
      into.pieces[i] = {into.octets[i].data(), into.octets[i].size()};
      into.messages[i] = {};
      into.messages[i].msg_hdr = {.msg_name = into.from[i].get(),
                                  .msg_namelen = sizeof(sockaddr_storage),
                                  .msg_iov = &into.pieces[i],
                                  .msg_iovlen = 1};
    }
    const int got =
        ::recvmmsg(impl_->connection->fd(), into.messages.data(), kBatchMax, MSG_DONTWAIT, nullptr);
    if (got < 0) {
      if (errno == EINTR || errno == ECONNREFUSED) continue;
      return;
    }
    for (size_t i = 0; i < static_cast<size_t>(got); ++i) {
      const mmsghdr& message = into.messages[i];
      // What came before the socket was connected may be anybody's.
      if (into.from[i].endpoint() != impl_->server || (message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        ++strangers_;
        continue;
      }
      take({into.octets[i].data(), message.msg_len});
    }
    if (static_cast<size_t>(got) < kBatchMax) return;
  }
}

Task<bool> UdpClient::readable() {
  const auto connection = impl_->connection;
  if (connection->closed()) co_return false;
  const auto wake = co_await connection->ready(Connection::reading, false, Steady::max());
  co_return wake != Connection::Wake::closed;
}

}  // namespace waybill::net
