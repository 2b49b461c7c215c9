#include "net/stream.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "net/socket_address.h"
#include "net/stream_impl.h"
#include "net/tls_impl.h"

namespace waybill::net {
namespace {
/// After so many operations in a row that found their socket ready, others get their turn.
constexpr int kAtOnceMax = 32;
constexpr size_t kPiecesMax = 64;           // iovecs a syscall
constexpr size_t kTlsRecordOctets = 16384;  // RFC 8446 5.1: the most that one record holds

Error wake_error(Connection::Wake wake, std::string_view doing) {
  if (wake == Connection::Wake::timeout) return {Errc::timeout, fmt::format("{}: timed out", doing)};
  return {Errc::closed, fmt::format("{}: the connection is closed", doing)};
}

// What OpenSSL wants before it can go on, or the error that ends the connection.
struct TlsWant {
  bool again = false;
  bool for_write = false;
  Error error;
};

TlsWant tls_want(SSL* ssl, int result, int saved_errno, std::string_view doing) {
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return {.again = true};
    case SSL_ERROR_WANT_WRITE:
      return {.again = true, .for_write = true};
    case SSL_ERROR_ZERO_RETURN:
      return {.error = {Errc::closed, fmt::format("{}: end of TLS", doing)}};
    case SSL_ERROR_SYSCALL:
      if (saved_errno != 0) return {.error = errno_error(doing, saved_errno)};
      return {.error = {Errc::closed, fmt::format("{}: closed without close_notify", doing)}};
    default: {
      const std::string text = openssl_error();
      const bool eof = text.find("unexpected eof") != std::string::npos;
      return {.error = {eof ? Errc::closed : Errc::io, fmt::format("{}: {}", doing, text)}};
    }
  }
}

Task<Status> handshake(std::shared_ptr<Connection> connection, SSL* ssl, Steady deadline) {
  while (true) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl);
    const int saved_errno = errno;
    if (result == 1) co_return Status{};
    TlsWant want = tls_want(ssl, result, saved_errno, "TLS handshake");
    if (!want.again) co_return pass(std::move(want.error));
    const auto wake = co_await connection->ready(Connection::reading, want.for_write, deadline);
    if (wake != Connection::Wake::ready) co_return pass(wake_error(wake, "TLS handshake"));
  }
}
}  // namespace

void enable_no_delay(int fd) {
  const int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Stream make_stream(Loop& loop, int fd) {
  enable_no_delay(fd);
  auto impl = std::make_unique<Stream::Impl>();
  impl->local = SocketAddress::local_of(fd);
  impl->remote = SocketAddress::remote_of(fd);
  impl->connection = std::make_shared<Connection>(loop, fd);
  return Stream(std::move(impl));
}

Stream::Stream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

Loop& Stream::loop() const { return impl_->pipe ? impl_->pipe->loop() : impl_->connection->loop(); }
Endpoint Stream::local() const { return impl_->local; }
Endpoint Stream::remote() const { return impl_->remote; }
void Stream::close() {
  if (impl_->pipe) return impl_->pipe->close();
  impl_->connection->close();
}

Task<Result<size_t>> Stream::read(std::span<char> into, Steady deadline) {
  Impl& me = *impl_;
  if (me.pipe) {
    Result<size_t> got = co_await VirtualPipe::read(me.pipe, into, deadline);
    co_return got;
  }
  const auto connection = me.connection;
  if (++me.at_once > kAtOnceMax) {
    me.at_once = 0;
    co_await connection->yield();
  }
  while (true) {
    if (connection->closed()) co_return fail(Errc::closed, "read: the connection is closed");
    bool for_write = false;
    if (me.ssl != nullptr) {
      ERR_clear_error();
      errno = 0;
      const int result =
          SSL_read(me.ssl, into.data(), static_cast<int>(std::min<size_t>(into.size(), 1 << 30)));
      const int saved_errno = errno;
      if (result > 0) co_return static_cast<size_t>(result);
      TlsWant want = tls_want(me.ssl, result, saved_errno, "read");
      if (!want.again) co_return pass(std::move(want.error));
      for_write = want.for_write;
    } else if (!connection->quiet()) {
      const ssize_t got = ::recv(connection->fd(), into.data(), into.size(), 0);
      // Neither an interrupted read nor the end says that nothing more is to be had from the next one.
      const bool blocks = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
      if (blocks || (got > 0 && static_cast<size_t>(got) < into.size())) connection->took_all();
      if (got > 0) co_return static_cast<size_t>(got);
      if (got == 0) co_return fail(Errc::closed, "read: end of connection");
      if (errno == EINTR) continue;
      if (!blocks) co_return pass(errno_error("read"));
    }
    me.at_once = 0;
    const auto wake = co_await connection->ready(Connection::reading, for_write, deadline);
    if (wake != Connection::Wake::ready) co_return pass(wake_error(wake, "read"));
  }
}

namespace {
// Gathers what is left from (piece, offset) on into iovecs; returns how many.
size_t gather(std::span<const std::string_view> pieces, size_t piece, size_t offset,
              std::array<iovec, kPiecesMax>& out) {
  size_t n = 0;
  for (; piece < pieces.size() && n < out.size(); ++piece, offset = 0) {
    const std::string_view rest = pieces[piece].substr(offset);
    if (rest.empty()) continue;
    out[n++] = {const_cast<char*>(rest.data()), rest.size()};
  }
  return n;
}

void skip(std::span<const std::string_view> pieces, size_t& piece, size_t& offset, size_t octets) {
  while (piece < pieces.size()) {
    const size_t rest = pieces[piece].size() - offset;
    if (octets < rest) {
      offset += octets;
      return;
    }
    octets -= rest;
    ++piece;
    offset = 0;
  }
}

Task<Status> write_tls(std::shared_ptr<Connection> connection, SSL* ssl,
                       std::span<const std::string_view> pieces, Steady deadline) {
  size_t piece = 0;
  size_t offset = 0;
  std::string gathered;  // small pieces share a record
  while (true) {
    skip(pieces, piece, offset, 0);
    if (piece == pieces.size()) co_return Status{};
    std::string_view next = pieces[piece].substr(offset);
    if (next.size() < kTlsRecordOctets && piece + 1 < pieces.size()) {
      gathered.clear();
      for (size_t p = piece, o = offset; p < pieces.size() && gathered.size() < kTlsRecordOctets;
           ++p, o = 0) {
        gathered += pieces[p].substr(o, kTlsRecordOctets - gathered.size());
      }
      next = gathered;
    }
    if (connection->closed()) co_return fail(Errc::closed, "write: the connection is closed");
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write(ssl, next.data(), static_cast<int>(std::min<size_t>(next.size(), 1 << 30)));
    const int saved_errno = errno;
    if (result > 0) {
      skip(pieces, piece, offset, static_cast<size_t>(result));
      continue;
    }
    TlsWant want = tls_want(ssl, result, saved_errno, "write");
    if (!want.again) co_return pass(std::move(want.error));
    const auto wake = co_await connection->ready(Connection::writing, want.for_write, deadline);
    if (wake != Connection::Wake::ready) co_return pass(wake_error(wake, "write"));
  }
}
}  // namespace

Task<Status> Stream::write(std::span<const std::string_view> pieces, Steady deadline) {
  Impl& me = *impl_;
  if (me.pipe) co_return me.pipe->write(pieces);
  const auto connection = me.connection;
  if (me.ssl != nullptr) {
    Status status = co_await write_tls(connection, me.ssl, pieces, deadline);
    co_return status;
  }
  size_t piece = 0;
  size_t offset = 0;
  std::array<iovec, kPiecesMax> vectors;
  while (true) {
    if (connection->closed()) co_return fail(Errc::closed, "write: the connection is closed");
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = gather(pieces, piece, offset, vectors);
    if (message.msg_iovlen == 0) co_return Status{};
    const ssize_t sent = ::sendmsg(connection->fd(), &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      skip(pieces, piece, offset, static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return pass(errno_error("write"));
    const auto wake = co_await connection->ready(Connection::writing, true, deadline);
    if (wake != Connection::Wake::ready) co_return pass(wake_error(wake, "write"));
  }
}

Task<Status> Stream::write(std::string_view octets, Steady deadline) {
  const std::array<std::string_view, 1> pieces{octets};
  Status status = co_await write(std::span<const std::string_view>(pieces), deadline);
  co_return status;
}

Task<Status> Stream::start_tls_server(std::shared_ptr<TlsContext> context, Steady deadline) {
  Impl& me = *impl_;
  if (me.pipe) co_return fail(Errc::unsupported, "TLS handshake: no server in a virtual world");
  if (me.ssl != nullptr || me.connection->closed())
    co_return fail(Errc::closed, "TLS handshake: not possible here");
  me.tls_context = std::move(context);
  me.ssl = SSL_new(me.tls_context->impl().context);
  SSL_set_fd(me.ssl, me.connection->fd());
  SSL_set_accept_state(me.ssl);
  Status status = co_await handshake(me.connection, me.ssl, deadline);
  co_return status;
}

namespace {
/// Whom the server's certificate must name. "[192.0.2.1]" and "[IPv6:…]" are addresses.
bool expect_name(SSL* ssl, std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name.starts_with("IPv6:")) name.remove_prefix(5);
  const std::string text(name);
  if (text.empty()) return false;
  if (IpAddress::parse(text)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text.c_str()) == 1;
  // RFC 9525 6.3: a wildcard stands for one whole label; the common name never counts.
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return SSL_set1_host(ssl, text.c_str()) == 1;
}
}  // namespace

Task<Status> Stream::start_tls_client(std::shared_ptr<TlsContext> context, std::string server_name,
                                      Steady deadline) {
  Impl& me = *impl_;
  if (me.pipe) co_return me.pipe->start_tls();
  if (me.ssl != nullptr || me.connection->closed())
    co_return fail(Errc::closed, "TLS handshake: not possible here");
  me.tls_context = std::move(context);
  me.ssl = SSL_new(me.tls_context->impl().context);
  SSL_set_fd(me.ssl, me.connection->fd());
  // RFC 6066 3: SNI carries a host name, never an address.
  if (!server_name.empty() && !IpAddress::parse(server_name))
    SSL_set_tlsext_host_name(me.ssl, server_name.c_str());
  const std::string key = fmt::format("{}@{}", server_name, me.remote.to_string());
  SSL_set_ex_data(me.ssl, server_name_index(), new std::string(key));
  if (SSL_SESSION* session = me.tls_context->impl().recall(key)) {
    SSL_set_session(me.ssl, session);
    SSL_SESSION_free(session);
  }
  if (me.tls_context->impl().verifies && !expect_name(me.ssl, server_name))
    co_return fail(Errc::invalid, "TLS handshake: '{}' can't be verified", printable(server_name, 80));
  SSL_set_connect_state(me.ssl);
  Status status = co_await handshake(me.connection, me.ssl, deadline);
  if (!status && me.tls_context->impl().verifies) {
    const long verdict = SSL_get_verify_result(me.ssl);
    if (verdict != X509_V_OK) {
      co_return fail(Errc::refused, "the certificate of {} is not trusted: {}", printable(server_name, 80),
                     X509_verify_cert_error_string(verdict));
    }
  }
  co_return status;
}

std::optional<TlsInfo> Stream::tls() const {
  if (impl_->pipe) return impl_->pipe->tls() ? std::optional(TlsInfo{"TLSv1.3", "virtual"}) : std::nullopt;
  if (impl_->ssl == nullptr || SSL_is_init_finished(impl_->ssl) == 0) return std::nullopt;
  return TlsInfo{SSL_get_version(impl_->ssl), SSL_get_cipher_name(impl_->ssl),
                 SSL_session_reused(impl_->ssl) == 1};
}

Task<void> Stream::shutdown(Steady deadline) {
  Impl& me = *impl_;
  if (me.pipe) {
    me.pipe->close();
    co_return;
  }
  const auto connection = me.connection;
  if (connection->closed()) co_return;
  if (me.ssl != nullptr && SSL_is_init_finished(me.ssl) == 1) {
    ERR_clear_error();
    (void)SSL_shutdown(me.ssl);  // sends close_notify; the peer's own is not awaited
  }
  ::shutdown(connection->fd(), SHUT_WR);
  // Closing with unread input would reset the connection and may destroy our last reply on its way. So
  // what still comes is read and dropped, within the deadline and a bound.
  std::array<char, 4096> sink;
  for (int i = 0; i < 64; ++i) {
    const ssize_t got = ::recv(connection->fd(), sink.data(), sink.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) break;
    if (got > 0) continue;
    const auto wake = co_await connection->ready(Connection::reading, false, deadline);
    if (wake != Connection::Wake::ready) break;
  }
  connection->close();
}

}  // namespace waybill::net
