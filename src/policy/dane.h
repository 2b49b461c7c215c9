// dane.h: what a host's TLSA records ask of whoever delivers to it (RFC 7672), and whether the certificates
// that it shows fulfil that. Pure: it asks for DNS answers, and is given the certificates' octets and hashes.
// A TLSA answer that failed or is forged never counts as none: the host is passed over (RFC 7672 2.1).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/decide.h"
#include "dns/answer.h"

namespace waybill::policy {

/// Why SMTP can't use this record (RFC 7672 3.1.3, RFC 6698 2.1), one line; empty: it can.
[[nodiscard]] std::string tlsa_fault(const dns::Tlsa& record);

struct DaneHost {
  enum class Status : uint8_t {
    none,      ///< DANE does not apply: the host is reached as without it
    usable,    ///< TLS and a match with one of `records` are a must
    unusable,  ///< there are secure TLSA records, none of them usable: TLS is a must, whoever shows up
    failed,    ///< the DNS could not say: no delivery to this host now
  };
  Status status = Status::none;
  dns::Name base;                  ///< the TLSA records' name without `_25._tcp`; the name for SNI
  std::vector<dns::Tlsa> records;  ///< the usable ones
  std::string why;                 ///< of none, unusable and failed, one line
};
/// A host whose addresses are secure but whose MX record was not may use DANE all the same; its domain is
/// just not to be called securely reached (RFC 7672 2.2.1). That is for the caller, who knows the MX answer.
[[nodiscard]] Step<DaneHost, dns::Question> dane_of(const dns::Name& host, uint16_t port,
                                                    const dns::Facts& facts);

/// `_25._tcp.HOST`. Error: the name gets too long.
[[nodiscard]] Result<dns::Name> tlsa_name(const dns::Name& base, uint16_t port);

/// One certificate that the server showed.
struct DaneCertificate {
  std::string_view der, spki;               ///< whole, and its SubjectPublicKeyInfo
  std::string_view der_sha256, der_sha512;  ///< octets
  std::string_view spki_sha256, spki_sha512;
  bool anchors = false;  ///< with it as the only trust anchor the server's certificate verifies, dates too
};
/// True if one of a certificate's DNS names is `host`; `*.` at its beginning stands for one whole label
/// (RFC 7672 3.2.3, RFC 9525 6.3).
[[nodiscard]] bool certificate_names(std::span<const std::string> names, const dns::Name& host);

/// True if one record matches. `chain`: the server's own first. `name_matches`: the server's certificate
/// names the base domain, or the domain whose mail it is if its MX answer was secure (RFC 7672 3.2.2). Usage
/// 3 cares neither for names nor for dates (RFC 7672 3.1.1), usage 2 for both (3.1.2).
[[nodiscard]] bool dane_matches(const std::vector<dns::Tlsa>& records, std::span<const DaneCertificate> chain,
                                bool name_matches);

}  // namespace waybill::policy
