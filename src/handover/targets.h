// targets.h: what route/ planned becomes what delivery tries.
// Pure: no clock, no socket; randomness comes in. Thread rule: free functions without state; any thread.
#pragma once

#include "deliver/targets.h"
#include "route/plan.h"
#include "route/shuffle.h"

namespace waybill::handover {

/// The plan's attempts by preference and host again, in their order; of a plan that does not deliver, its
/// reply. `tls` is what every host is offered.
[[nodiscard]] deliver::Targets to_targets(const route::Plan& plan, deliver::TlsPolicy tls);

/// What an entry of the route table (RouteTable's words for it; empty: none) discards or holds is told by its
/// name.
void name_entry(route::Plan& plan, const std::string& entry);

/// A destination with a limit of its own (messages a second; 0: none) is a site of its own: it shares
/// connections and the limit with those of the same hosts and limit.
void limit_rate(deliver::Targets& targets, double rate_max);

/// One delivery's own order: equals are shared out at random, anew for every message (RFC 5321 5.1). Where
/// there are none, `targets` itself.
[[nodiscard]] deliver::TargetsPtr deal(const deliver::TargetsPtr& targets, route::Random& random);

}  // namespace waybill::handover
