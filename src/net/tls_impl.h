// tls_impl.h: the OpenSSL side of a TlsContext, private to net/.
#pragma once

#include <openssl/ssl.h>

#include <mutex>
#include <string>
#include <unordered_map>

#include "net/tls.h"

namespace waybill::net {

struct TlsContext::Impl {
  SSL_CTX* context = nullptr;
  bool is_client = false;
  bool verifies = false;                                   ///< a client's: see verifying_client()
  std::mutex mutex;                                        ///< guards sessions; taken once a handshake
  std::unordered_map<std::string, SSL_SESSION*> sessions;  ///< a client's, by server name, for resumption

  ~Impl();
  void remember(const std::string& server, SSL_SESSION* session);
  /// A session to resume, or null; the caller frees it.
  [[nodiscard]] SSL_SESSION* recall(const std::string& server);
};

/// The first error in OpenSSL's queue as text, and empties the queue.
[[nodiscard]] std::string openssl_error();
/// Where a client's SSL keeps the name under which its session is remembered.
[[nodiscard]] int server_name_index();

}  // namespace waybill::net
