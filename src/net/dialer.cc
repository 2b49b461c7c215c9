#include "net/dialer.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/loop_impl.h"
#include "net/socket_address.h"
#include "net/stream_impl.h"

namespace waybill::net {
namespace {
// Waits until a connect() under way has succeeded or failed.
Task<Result<Stream>> finish(Stream stream, std::shared_ptr<Connection> connection, std::string doing,
                            Steady deadline) {
  const auto wake = co_await connection->ready(Connection::writing, true, deadline);
  if (wake == Connection::Wake::timeout) co_return fail(Errc::timeout, "{}: timed out", doing);
  if (wake == Connection::Wake::closed) co_return fail(Errc::closed, "{}: closed", doing);
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(connection->fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) co_return pass(errno_error(doing, error));
  co_return std::move(stream);
}

struct Dialing {
  Stream stream;
  std::shared_ptr<Connection> connection;
};

Result<Dialing> begin(Loop& loop, int fd, const sockaddr* to, socklen_t length, const Endpoint& remote,
                      const std::string& doing) {
  if (::connect(fd, to, length) != 0 && errno != EINPROGRESS) {
    Error error = errno_error(doing);
    ::close(fd);
    return pass(std::move(error));
  }
  auto impl = std::make_unique<Stream::Impl>();
  impl->local = SocketAddress::local_of(fd);
  impl->remote = remote;
  impl->connection = std::make_shared<Connection>(loop, fd);
  const auto connection = impl->connection;
  return Dialing{Stream(std::move(impl)), connection};
}

// The world decides what becomes of it, at once; the knowledge takes its time.
Task<Result<Stream>> connect_virtual(Loop& loop, Endpoint to, Steady deadline) {
  VirtualWorld& world = *loop.impl().world;
  auto pipe = std::make_shared<VirtualPipe>(world, loop);
  Dialed dialed =
      world.dial() ? world.dial()(to, pipe) : Dialed{{}, {Errc::io, "the virtual world has no network"}, {}};
  const Millis left = deadline - world.now();
  const bool late = dialed.after > left || (!dialed.far && dialed.error.code == Errc::timeout);
  co_await loop.sleep(late ? left : dialed.after);
  const std::string doing = fmt::format("connect to {}", to.to_string());
  if (late) co_return fail(Errc::timeout, "{}: timed out", doing);
  if (!dialed.far) co_return pass(std::move(dialed.error), doing);
  auto impl = std::make_unique<Stream::Impl>();
  impl->remote = to;
  pipe->attach(std::move(dialed.far));
  impl->pipe = std::move(pipe);
  co_return Stream(std::move(impl));
}
}  // namespace

Task<Result<Stream>> connect(Loop& loop, Endpoint to, std::optional<IpAddress> source, Steady deadline) {
  if (loop.impl().world != nullptr) {
    Result<Stream> made = co_await connect_virtual(loop, to, deadline);
    co_return made;
  }
  const SocketAddress address(to);
  const std::string doing = fmt::format("connect to {}", to.to_string());
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return pass(errno_error(doing));
  if (source) {
    const SocketAddress from(Endpoint{*source, 0});
    if (::bind(fd, from.get(), from.length) != 0) {
      Error error = errno_error(fmt::format("cannot send from {}", source->to_string()));
      ::close(fd);
      co_return pass(std::move(error));
    }
  }
  Result<Dialing> dialing = begin(loop, fd, address.get(), address.length, to, doing);
  if (!dialing) co_return pass(dialing.error());
  enable_no_delay(fd);
  Result<Stream> stream = co_await finish(std::move(dialing->stream), dialing->connection, doing, deadline);
  co_return stream;
}

Task<Result<Stream>> connect_unix(Loop& loop, std::string path, Steady deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    co_return fail(Errc::invalid, "the socket path {} is too long", path);
  path.copy(address.sun_path, path.size());
  const std::string doing = fmt::format("connect to {}", path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return pass(errno_error(doing));
  Result<Dialing> dialing =
      begin(loop, fd, reinterpret_cast<const sockaddr*>(&address), sizeof address, {}, doing);
  if (!dialing) co_return pass(dialing.error());
  Result<Stream> stream = co_await finish(std::move(dialing->stream), dialing->connection, doing, deadline);
  co_return stream;
}

}  // namespace waybill::net
