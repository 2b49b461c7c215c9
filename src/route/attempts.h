// attempts.h: from judged hosts to the order of connections. Inner part of the planner; pure.
#pragma once

#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

/// Shuffles equals, orders addresses, drops doubles, applies the cap, and fills Plan::attempts and the
/// shares. Reads and orders Plan::tiers; hosts whose status is not ok are left out.
void list_attempts(Plan& plan, const Options& options, uint16_t port, uint64_t seed);

}  // namespace waybill::route
