// own_self.h: how this daemon knows itself among a domain's MX hosts (RFC 5321 5.1): its names, its
// addresses, and what the configuration adds for hosts behind NAT.
#pragma once

#include "config/config.h"
#include "route/request.h"

namespace waybill::daemon {

/// Reads the machine's interfaces. A loopback address counts as ourselves only where one of our listeners
/// really serves `deliver.port` on it: on a lab's loopback, other hosts live beside us.
[[nodiscard]] route::Self own_self(const config::Config& config, const std::vector<Endpoint>& listening);

/// May a foreign domain's MX point at loopback? Only in a lab, which is known by its own settings: mail goes
/// to a port other than 25, or the DNS comes from overlay zones, or from servers on loopback whose port is
/// not 53. Elsewhere such an MX is an attack on what listens on this machine.
[[nodiscard]] bool is_lab(const config::Config& config);
[[nodiscard]] bool is_lab(uint16_t deliver_port, const std::vector<std::string>& zones,
                          const std::vector<Endpoint>& servers);

}  // namespace waybill::daemon
