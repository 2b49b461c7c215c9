// tlsrpt_record.h: reads the TXT record that says where reports on TLS go (RFC 8460 3). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace waybill::policy {

struct TlsrptRecord {
  enum class State : uint8_t { none, valid, several, malformed };
  State state = State::none;
  std::vector<std::string> uris;  ///< of a valid one: mailto: and https:
  std::string why;                ///< of several and malformed, one line
};

/// `texts`: each TXT record at `_smtp._tls.DOMAIN`, its strings joined.
[[nodiscard]] TlsrptRecord read_tlsrpt_record(const std::vector<std::string>& texts);

}  // namespace waybill::policy
