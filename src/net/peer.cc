#include "net/peer.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

#include "net/stream_impl.h"
#include "net/tls_impl.h"

namespace waybill::net {
namespace {
/// Beyond so many certificates nobody looks for a trust anchor: each is a verification of its own.
constexpr int kAnchorsMax = 10;
constexpr int kNamesMax = 100;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using CertificatePtr = std::unique_ptr<X509, Freer<&X509_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freer<&X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freer<&X509_STORE_CTX_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<&GENERAL_NAMES_free>>;

/// What an i2d function writes.
template <class Write>
std::string der_of(Write write) {
  unsigned char* octets = nullptr;
  const int length = write(&octets);
  if (length <= 0) return {};
  std::string out(reinterpret_cast<const char*>(octets), static_cast<size_t>(length));
  OPENSSL_free(octets);
  return out;
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> out;
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int at = 0; names && at < sk_GENERAL_NAME_num(names.get()) && at < kNamesMax; ++at) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), at);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* text = name->d.dNSName;
    out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
  }
  return out;
}

/// True if `own` verifies with `anchor` as all that is trusted.
bool anchors(X509* anchor, X509* own, STACK_OF(X509) * chain) {
  const StorePtr store(X509_STORE_new());
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (!store || !context || X509_STORE_add_cert(store.get(), anchor) != 1) return false;
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);  // the anchor need not be a root
  if (X509_STORE_CTX_init(context.get(), store.get(), own, chain) != 1) return false;
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  return X509_verify_cert(context.get()) == 1;
}

std::string digest(const EVP_MD* kind, std::string_view octets) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(octets.data(), octets.size(), out, &length, kind, nullptr) != 1) return {};
  return {reinterpret_cast<const char*>(out), length};
}
}  // namespace

std::string sha256(std::string_view octets) { return digest(EVP_sha256(), octets); }
std::string sha512(std::string_view octets) { return digest(EVP_sha512(), octets); }

bool PeerIdentity::names(const std::string& host) const {
  if (chain.empty()) return false;
  const auto* octets = reinterpret_cast<const unsigned char*>(chain.front().der.data());
  const CertificatePtr own(d2i_X509(nullptr, &octets, static_cast<long>(chain.front().der.size())));
  if (!own) return false;
  constexpr unsigned kFlags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  const bool found = X509_check_host(own.get(), host.data(), host.size(), kFlags, nullptr) == 1;
  ERR_clear_error();
  return found;
}

std::optional<PeerIdentity> Stream::peer() const {
  SSL* ssl = impl_->ssl;
  if (ssl == nullptr || SSL_is_init_finished(ssl) == 0) return std::nullopt;
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);  // a client's view: the server's own is the first
  if (chain == nullptr || sk_X509_num(chain) == 0) return std::nullopt;
  PeerIdentity out;
  X509* const own = sk_X509_value(chain, 0);
  for (int at = 0; at < sk_X509_num(chain); ++at) {
    X509* const each = sk_X509_value(chain, at);
    out.chain.push_back(
        {.der = der_of([&](unsigned char** to) { return i2d_X509(each, to); }),
         .spki = der_of([&](unsigned char** to) { return i2d_X509_PUBKEY(X509_get_X509_PUBKEY(each), to); }),
         .names = names_of(each),
         .anchors = at > 0 && at <= kAnchorsMax && anchors(each, own, chain)});
  }
  const long verdict = SSL_get_verify_result(ssl);
  out.trusted = verdict == X509_V_OK;
  if (!out.trusted) out.why_untrusted = X509_verify_cert_error_string(verdict);
  ERR_clear_error();
  return out;
}

}  // namespace waybill::net
