// meant_address.h: an IP address that stands where an MX must name a host. Pure.
#pragma once

#include <optional>

#include "dns/name.h"

namespace waybill::check::mx {

struct MeantAddress {
  IpAddress ip;
  bool completed = false;  ///< with the zone's name, for lack of a final dot: "192.0.2.1.example.org"
};
/// Also in brackets, as SMTP writes address literals. A name that begins with an address and goes on is only
/// meant as one if nobody has given it an address: see `completed`.
[[nodiscard]] std::optional<MeantAddress> meant_address(const dns::Name& target);

}  // namespace waybill::check::mx
