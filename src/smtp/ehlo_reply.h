// ehlo_reply.h: what a server offers, read from its EHLO or LHLO reply (RFC 5321 4.1.1.1). Pure.
// Keywords in any case; unknown ones and bad parameters are ignored, never an error (conformance 55).
#pragma once

#include <cstdint>
#include <string>

#include "mail/outcome.h"

namespace waybill::smtp {

struct PeerOffers {
  bool pipelining = false;  ///< RFC 2920
  bool chunking = false;    ///< RFC 3030 2
  bool binarymime = false;  ///< RFC 3030 3; only together with CHUNKING
  bool eight_bit_mime = false;
  bool smtputf8 = false;  ///< RFC 6531
  bool starttls = false;  ///< RFC 3207
  bool dsn = false;       ///< RFC 3461
  bool enhanced_status = false;
  bool requiretls = false;       ///< RFC 8689
  bool auth_plain = false;       ///< RFC 4954 3: AUTH names PLAIN
  bool auth_login = false;       ///< and LOGIN
  bool size = false;             ///< RFC 1870
  uint64_t size_octets_max = 0;  ///< 0: no stated limit
  uint32_t mail_max = 0;         ///< RFC 9422 LIMITS MAILMAX; 0: none
  uint32_t rcpt_max = 0;         ///< LIMITS RCPTMAX; 0: none
  std::string name;              ///< what it calls itself; hostile text
  bool operator==(const PeerOffers&) const = default;
};

/// REQUIRES: `reply` is the positive reply to EHLO or LHLO.
[[nodiscard]] PeerOffers parse_offers(const mail::Reply& reply);

}  // namespace waybill::smtp
