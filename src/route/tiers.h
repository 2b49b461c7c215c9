// tiers.h: what follows from a plan's judged hosts as a whole: our own place among them, their explanation,
// and their name as a site. Inner part of the planner; pure.
#pragma once

#include <string>

#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

enum class Place : uint8_t {
  found,         ///< we are among the MXs; what is no better is marked so
  unknown,       ///< a backup that does not find itself: any of them may be itself
  of_no_matter,  ///< an ordinary sender
};

/// RFC 5321 5.1: marks the hosts that mail may not be handed to because it could come back.
Place drop_not_better(Plan& plan, Role role);
/// A step for each host that is left out or is an alias, and for equals.
void explain_hosts(Plan& plan);
/// See Plan::site_key.
[[nodiscard]] std::string site_key(const Plan& plan, uint16_t port);
/// DNSSEC proved the addresses of every usable host.
[[nodiscard]] bool usable_are_secure(const Plan& plan);
[[nodiscard]] bool has_status(const Plan& plan, HostStatus status);

}  // namespace waybill::route
