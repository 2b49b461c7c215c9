#include "net/http_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "net/http_parse.h"

namespace waybill::net {
namespace {
namespace http = boost::beast::http;
using SteadyClock = std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// Waits until `fd` is ready for `events`, for what is left of the call's time.
Status wait_for(int fd, short events, SteadyClock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<Millis>(deadline - SteadyClock::now());
    if (left <= Millis{0}) return fail(Errc::timeout, "the daemon did not answer in time");
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<Millis::rep>(left.count(), 1'000'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return std::unexpected(errno_error("waiting for the control socket"));
  }
}

Result<Socket> connect_to(const std::string& path, SteadyClock::time_point deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(Errc::invalid, "'{}' is no usable socket path: 1 to {} octets", printable(path),
                sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd() < 0) return std::unexpected(errno_error("making a socket"));
  while (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    // A full backlog says EAGAIN on Unix sockets, and nothing tells when there is room again.
    if (errno == EAGAIN && SteadyClock::now() < deadline) {
      ::poll(nullptr, 0, 20);
      continue;
    }
    if (errno != EINTR) return std::unexpected(errno_error(path));
  }
  return socket;
}

Status send_all(const Socket& socket, std::string_view octets, SteadyClock::time_point deadline) {
  while (!octets.empty()) {
    const ssize_t sent = ::send(socket.fd(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      octets.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      if (Status ready = wait_for(socket.fd(), POLLOUT, deadline); !ready) return ready;
    } else if (errno != EINTR) {
      return std::unexpected(errno_error("writing to the control socket"));
    }
  }
  return {};
}

std::string head_of(const HttpRequest& request) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", request.method,
                                 request.target);
  if (!request.body.empty() || request.method == "POST") {
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  for (const auto& [name, value] : request.headers) head += fmt::format("{}: {}\r\n", name, value);
  return head + "\r\n";
}

Result<HttpResponse> read_answer(const Socket& socket, SteadyClock::time_point deadline) {
  ResponseParser parser;
  parser.body_limit(kHttpAnswerOctetsMax);
  parser.header_limit(64 * 1024);
  parser.eager(true);
  std::string buffer;
  std::vector<char> block(256 * 1024);
  while (!parser.is_done()) {
    const ssize_t got = ::recv(socket.fd(), block.data(), block.size(), 0);
    if (got < 0 && errno == EAGAIN) {
      if (Status ready = wait_for(socket.fd(), POLLIN, deadline); !ready) return pass(ready.error());
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(errno_error("reading from the control socket"));
    boost::system::error_code error;
    if (got == 0) {
      if (parser.got_some()) parser.put_eof(error);
      if (error || !parser.is_done()) {
        return fail(Errc::closed, "the daemon closed the connection before it had answered");
      }
      break;
    }
    buffer.append(block.data(), static_cast<size_t>(got));
    const size_t used = parser.put(boost::asio::const_buffer(buffer.data(), buffer.size()), error);
    buffer.erase(0, used);
    if (error && error != http::error::need_more) {
      return fail(Errc::invalid, "the answer on the control socket is not HTTP: {}", error.message());
    }
    // An interim answer (100 Continue) is followed by the real one; we never ask for one.
  }
  return to_response(parser);
}
}  // namespace

Result<HttpResponse> http_call(const std::string& unix_path, const HttpRequest& request, Millis timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  const auto socket = connect_to(unix_path, deadline);
  if (!socket) return pass(socket.error());
  const std::string head = head_of(request);
  Status sent = send_all(*socket, head, deadline);
  if (sent) sent = send_all(*socket, request.body, deadline);
  // A server that refuses a request early closes while we still write: its answer says why.
  if (!sent && sent.error().code != Errc::closed) return pass(sent.error());
  auto answer = read_answer(*socket, deadline);
  if (!answer && !sent) return pass(sent.error());
  return answer;
}

}  // namespace waybill::net
