// planner.h: from DNS answers to the ordered hosts that may receive a domain's mail (RFC 5321 5.1).
// Pure: no clock, no socket, no lookups of its own; randomness comes in as a seed, so a plan can be replayed.
// Never turns a failed or bogus answer into an absent one, never connects to an address that stands where a
// name belongs, never falls back to a domain's address while it has an MX.
#pragma once

#include "base/decide.h"
#include "dns/answer.h"
#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

/// A plan, or the questions that it still needs (base/decide.h; gather.h drives it). At most three rounds.
[[nodiscard]] Step<Plan, dns::Question> plan_delivery(const Request& request, const dns::Facts& facts);

}  // namespace waybill::route
