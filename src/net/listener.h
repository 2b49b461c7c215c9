// listener.h: accepts connections; dialer.h makes them.
#pragma once

#include <memory>
#include <string>

#include "net/stream.h"

namespace waybill::net {

class Listener {
 public:
  /// Binds and listens at once (as root, before privileges are dropped). Port 0 takes a free one.
  /// IPv6 sockets serve IPv6 only, so that "[::]:25" and "0.0.0.0:25" stand side by side.
  [[nodiscard]] static Result<Listener> open(Loop& loop, const Endpoint& at);
  /// A Unix socket with these permissions; a stale file of a dead process is replaced.
  [[nodiscard]] static Result<Listener> open_unix(Loop& loop, const std::string& path, unsigned mode);
  ~Listener();
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;

  /// The next connection, owned by `target` (which may be another thread's loop: hand it over with
  /// post/spawn before touching it). Errc::busy: out of descriptors or memory; rest before the next call.
  /// Errc::closed after close().
  [[nodiscard]] Task<Result<Stream>> accept(Loop& target);
  void close();
  [[nodiscard]] Endpoint local() const;

  struct Impl;

 private:
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill::net
