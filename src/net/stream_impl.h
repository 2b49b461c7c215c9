// stream_impl.h: what a Stream holds; private to net/.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "net/connection.h"
#include "net/stream.h"
#include "net/virtual_world.h"

namespace waybill::net {

struct Stream::Impl {
  std::shared_ptr<Connection> connection;
  std::shared_ptr<VirtualPipe> pipe;  ///< in a virtual world, instead of `connection`
  std::shared_ptr<TlsContext> tls_context;
  SSL* ssl = nullptr;
  Endpoint local;
  Endpoint remote;
  int at_once = 0;  ///< operations in a row that did not have to wait

  ~Impl() {
    if (pipe) pipe->abandon();
    if (connection) connection->abandon();
    if (ssl == nullptr) return;
    // Without this OpenSSL takes a connection that ended without close_notify for a bad one and forgets its
    // session. SMTP knows by itself where a message ends, so resumption is safe.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
  }
};

/// Replies are short and awaited: Nagle's algorithm only delays them. Harmless on Unix sockets.
void enable_no_delay(int fd);
/// A connected, non-blocking TCP or Unix socket as a Stream.
[[nodiscard]] Stream make_stream(Loop& loop, int fd);

}  // namespace waybill::net
