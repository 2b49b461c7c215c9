#include "net/tls.h"

#include <openssl/err.h>

#include <system_error>

#include "net/tls_impl.h"

namespace waybill::net {
namespace {
constexpr size_t kSessionsMax = 10'000;

int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* impl = static_cast<TlsContext::Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const auto* server = static_cast<const std::string*>(SSL_get_ex_data(ssl, server_name_index()));
  if (impl == nullptr || server == nullptr || server->empty()) return 0;
  impl->remember(*server, session);
  return 1;  // the reference is ours now
}

void free_name(void*, void* name, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::string*>(name);
}

void set_common(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

/// A client that trusts certain roots and never resumes a session, so that there is a chain to look at.
Status with_roots(TlsContext::Impl& impl, const std::string& roots_file) {
  impl.is_client = true;
  SSL_CTX* context = impl.context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return fail(Errc::internal, "OpenSSL: {}", openssl_error());
  set_common(context);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  const int loaded = roots_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                        : SSL_CTX_load_verify_file(context, roots_file.c_str());
  if (loaded != 1) {
    return fail(Errc::invalid, "cannot read the trusted roots{}{}: {}", roots_file.empty() ? "" : " of ",
                roots_file, openssl_error());
  }
  ERR_clear_error();
  return {};
}
}  // namespace

int server_name_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_name);
  return index;
}

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  if (ERR_SYSTEM_ERROR(code)) return std::system_category().message(ERR_GET_REASON(code));
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

TlsContext::Impl::~Impl() {
  for (auto& [server, session] : sessions) SSL_SESSION_free(session);
  if (context != nullptr) SSL_CTX_free(context);
}

void TlsContext::Impl::remember(const std::string& server, SSL_SESSION* session) {
  const std::scoped_lock lock(mutex);
  if (sessions.size() >= kSessionsMax && !sessions.contains(server)) {
    SSL_SESSION_free(sessions.begin()->second);
    sessions.erase(sessions.begin());
  }
  SSL_SESSION*& slot = sessions[server];
  if (slot != nullptr) SSL_SESSION_free(slot);
  slot = session;
}

SSL_SESSION* TlsContext::Impl::recall(const std::string& server) {
  const std::scoped_lock lock(mutex);
  const auto at = sessions.find(server);
  if (at == sessions.end()) return nullptr;
  SSL_SESSION_up_ref(at->second);
  return at->second;
}

TlsContext::TlsContext() : impl_(std::make_unique<Impl>()) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::server(const std::string& certificate_file,
                                                       const std::string& key_file) {
  std::shared_ptr<TlsContext> out(new TlsContext);
  SSL_CTX* context = out->impl_->context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return fail(Errc::internal, "OpenSSL: {}", openssl_error());
  set_common(context);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return fail(Errc::invalid, "cannot use the certificate {}: {}", certificate_file, openssl_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(Errc::invalid, "cannot use the key {}: {}", key_file, openssl_error());
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return fail(Errc::invalid, "the key {} does not belong to the certificate {}", key_file,
                certificate_file);
  }
  static constexpr unsigned char kSessionContext[] = "waybill";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  return out;
}

std::shared_ptr<TlsContext> TlsContext::opportunistic_client() {
  std::shared_ptr<TlsContext> out(new TlsContext);
  out->impl_->is_client = true;
  SSL_CTX* context = out->impl_->context = SSL_CTX_new(TLS_client_method());
  set_common(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_app_data(context, out->impl_.get());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  return out;
}

Result<std::shared_ptr<TlsContext>> TlsContext::examining_client(const std::string& roots_file) {
  std::shared_ptr<TlsContext> out(new TlsContext);
  if (auto made = with_roots(*out->impl_, roots_file); !made) return pass(made.error());
  // The handshake goes on whatever the verdict, which OpenSSL keeps for SSL_get_verify_result().
  SSL_CTX_set_verify(out->impl_->context, SSL_VERIFY_NONE, nullptr);
  return out;
}

Result<std::shared_ptr<TlsContext>> TlsContext::verifying_client(const std::string& roots_file) {
  std::shared_ptr<TlsContext> out(new TlsContext);
  if (auto made = with_roots(*out->impl_, roots_file); !made) return pass(made.error());
  out->impl_->verifies = true;
  SSL_CTX_set_verify(out->impl_->context, SSL_VERIFY_PEER, nullptr);
  return out;
}

}  // namespace waybill::net
