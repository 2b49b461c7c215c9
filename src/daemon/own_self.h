// own_self.h: how this daemon knows itself among a domain's MX hosts (RFC 5321 5.1): its names, its
// addresses, and what the configuration adds for hosts behind NAT.
#pragma once

#include "config/config.h"
#include "route/request.h"

namespace waybill::daemon {

/// Reads the machine's interfaces. A loopback address counts as ourselves only where one of our listeners
/// really serves `deliver.port` on it: on a lab's loopback, other hosts live beside us.
[[nodiscard]] route::Self own_self(const config::Config& config, const std::vector<Endpoint>& listening);

}  // namespace waybill::daemon
