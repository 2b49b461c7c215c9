// gather.h: makes a plan with a Resolver: asks what the planner asks for, side by side, until it decides.
// Always ends in a plan; what could not be found out is a deferral.
#pragma once

#include <functional>

#include "dns/resolver.h"
#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

/// Runs a function on the caller's own thread or strand, now or later, in order.
using Post = std::function<void(std::function<void()>)>;
using GatherDone = std::function<void(Plan, const dns::Facts&)>;

/// Call on the thread that `post` posts to; `done` is called there exactly once, possibly before this
/// returns. `resolver` must outlive that, and so must what `post` posts to.
void gather(Request request, dns::Resolver& resolver, Post post, GatherDone done);

/// For programs without a loop: waits for the answers. The resolver's own timeouts bound the wait.
struct Gathered {
  Plan plan;
  dns::Facts facts;  ///< all that was asked for it
};
[[nodiscard]] Gathered gather_facts_blocking(const Request& request, dns::Resolver& resolver);
[[nodiscard]] Plan gather_blocking(const Request& request, dns::Resolver& resolver);

/// An Ask (base/decide.h) that puts questions to `resolver` and hops back through `post` with each answer.
[[nodiscard]] dns::Ask ask_through(dns::Resolver& resolver, Post post);

}  // namespace waybill::route
