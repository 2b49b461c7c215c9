// special_purpose.h: addresses that are nobody's host in the public internet: loopback, private,
// documentation and the like, by IANA's special-purpose registries (RFC 6890). A value; nothing here asks.
#pragma once

#include <string_view>

#include "base/ip.h"

namespace waybill {

/// A block of addresses that can't be reached from everywhere.
struct SpecialPurpose {
  std::string_view network;  ///< "10.0.0.0/8"
  std::string_view name;     ///< "a private address"
  std::string_view ref;      ///< "RFC 1918 3"
};

/// nullptr: an ordinary address, or one of a special block that is reachable from everywhere (AS112, the
/// anycast addresses of PCP and TURN). Blocks of which the registry doesn't say whether they are (6to4,
/// Teredo) count as ordinary. IPv4-mapped addresses are IPv4 addresses here (ip.h).
[[nodiscard]] const SpecialPurpose* special_purpose(const IpAddress& ip);

}  // namespace waybill
