#include "net/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/bound_socket.h"
#include "net/connection.h"
#include "net/socket_address.h"
#include "net/stream_impl.h"

namespace waybill::net {
namespace {
/// The kernel takes the lower of this and net.core.somaxconn. What overflows it is lost to clients that wait for a
/// greeting: with SYN cookies they believe that they are connected.
constexpr int kBacklog = 4096;
}

struct Listener::Impl {
  std::shared_ptr<Connection> connection;
  Endpoint local;
  std::string unix_path;  ///< removed at the end; empty for TCP
  ~Impl() {
    connection->abandon();
    if (!unix_path.empty()) ::unlink(unix_path.c_str());
  }
};

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;
void Listener::close() { impl_->connection->close(); }
Endpoint Listener::local() const { return impl_->local; }

Result<Listener> Listener::open(Loop& loop, const Endpoint& at) {
  const std::string doing = fmt::format("cannot listen on {}", at.to_string());
  const auto fd = bound_socket(SOCK_STREAM, at, doing);
  if (!fd) return pass(fd.error());
  if (::listen(*fd, kBacklog) != 0) {
    Error error = errno_error(doing);
    ::close(*fd);
    return pass(std::move(error));
  }
  auto impl = std::make_unique<Impl>();
  impl->local = SocketAddress::local_of(*fd);
  impl->connection = std::make_shared<Connection>(loop, *fd);
  return Listener(std::move(impl));
}

namespace {
// A socket file whose process is gone refuses connections; only then may it be replaced.
Status clear_stale(const sockaddr_un& address) {
  struct stat info{};
  if (::lstat(address.sun_path, &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) return fail(Errc::exists, "{} exists and is not a socket", address.sun_path);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return pass(errno_error("socket"));
  const int result = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int saved = errno;
  ::close(probe);
  if (result == 0 || saved != ECONNREFUSED)
    return fail(Errc::exists, "{} is in use: another waybill runs here", address.sun_path);
  ::unlink(address.sun_path);
  return {};
}
}  // namespace

Result<Listener> Listener::open_unix(Loop& loop, const std::string& path, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(Errc::invalid, "the socket path {} is longer than {} octets", path,
                sizeof address.sun_path - 1);
  path.copy(address.sun_path, path.size());
  if (Status cleared = clear_stale(address); !cleared) return pass(cleared.error());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return pass(errno_error("socket"));
  // The mode must hold from the first moment: bind under a closed umask, then open up to what was asked.
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int saved = errno;
  ::umask(before);
  if (bound != 0 || ::chmod(path.c_str(), mode) != 0 || ::listen(fd, kBacklog) != 0) {
    Error error = errno_error(fmt::format("cannot listen on {}", path), bound != 0 ? saved : errno);
    ::close(fd);
    return pass(std::move(error));
  }
  auto impl = std::make_unique<Impl>();
  impl->unix_path = path;
  impl->connection = std::make_shared<Connection>(loop, fd);
  return Listener(std::move(impl));
}

Task<Result<Stream>> Listener::accept(Loop& target) {
  const auto connection = impl_->connection;
  while (true) {
    if (connection->closed()) co_return fail(Errc::closed, "the listener is closed");
    const int fd = ::accept4(connection->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) co_return make_stream(target, fd);
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      co_return pass(Error{Errc::busy, errno_error("accept").what});
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return pass(errno_error("accept"));
    const auto wake = co_await connection->ready(Connection::reading, false, Steady::max());
    if (wake == Connection::Wake::closed) co_return fail(Errc::closed, "the listener is closed");
  }
}

}  // namespace waybill::net
