// peer.h: who stands at the other end of a TLS connection: the certificates that it showed and what they are
// worth here. Values; hostile octets inside.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waybill::net {

struct PeerCertificate {
  std::string der;
  std::string spki;                ///< its SubjectPublicKeyInfo, DER
  std::vector<std::string> names;  ///< the DNS names of its subjectAltName; hostile text
  /// Taken as the only trust anchor, the peer's own certificate verifies, dates included (RFC 7672 3.1.2).
  /// Never true of the peer's own.
  bool anchors = false;
};

struct PeerIdentity {
  std::vector<PeerCertificate> chain;  ///< as shown, the peer's own first
  bool trusted = false;                ///< by the context's roots, and in date; says nothing about the name
  std::string why_untrusted;           ///< "certificate has expired"

  /// One of the DNS names of the peer's own certificate is `host`; a wildcard stands for one whole first
  /// label (RFC 9525 6.3). The common name never counts.
  [[nodiscard]] bool names(const std::string& host) const;
};

/// As octets, not hex.
[[nodiscard]] std::string sha256(std::string_view octets);
[[nodiscard]] std::string sha512(std::string_view octets);

}  // namespace waybill::net
