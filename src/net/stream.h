// stream.h: a TCP or Unix connection, plain or TLS, on one loop. Not thread-safe: all calls on its loop.
// Every wait has a deadline. One read and one write may be under way at the same time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "net/loop.h"
#include "net/peer.h"
#include "net/task.h"
#include "net/tls.h"

namespace waybill::net {

class Stream {
 public:
  struct Impl;
  explicit Stream(std::unique_ptr<Impl> impl);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  /// At least one octet. Errors: timeout (deadline), closed (end of file or reset; over TLS also without
  /// close_notify), io.
  [[nodiscard]] Task<Result<size_t>> read(std::span<char> into, Steady deadline);
  /// All octets of all pieces (gathered: one syscall where possible). What they view must stay until the
  /// task ends.
  [[nodiscard]] Task<Status> write(std::span<const std::string_view> pieces, Steady deadline);
  [[nodiscard]] Task<Status> write(std::string_view octets, Steady deadline);

  /// Server and client side of a handshake on this connection. The caller makes sure that no plaintext
  /// octets were read ahead (RFC 3207 4, conformance 81 and 83).
  [[nodiscard]] Task<Status> start_tls_server(std::shared_ptr<TlsContext> context, Steady deadline);
  [[nodiscard]] Task<Status> start_tls_client(std::shared_ptr<TlsContext> context, std::string server_name,
                                              Steady deadline);
  [[nodiscard]] std::optional<TlsInfo> tls() const;
  /// On a client's side of a finished handshake: what the server showed. Costs a verification a certificate.
  [[nodiscard]] std::optional<PeerIdentity> peer() const;

  /// Sends TLS close_notify where due, then shuts down; bounded by the deadline.
  [[nodiscard]] Task<void> shutdown(Steady deadline);
  /// At once. Reads and writes under way end with closed.
  void close();

  [[nodiscard]] Loop& loop() const;
  [[nodiscard]] Endpoint local() const;   ///< 0.0.0.0:0 for Unix sockets
  [[nodiscard]] Endpoint remote() const;  ///< 0.0.0.0:0 for Unix sockets

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill::net
