// backup_refusal.h: why a backup keeps the mail: it does not stand where a backup belongs among the domain's
// MXs. The fault is ours, so the mail waits for its repair, and the reason names it. Inner part of the
// planner; pure.
#pragma once

#include <optional>
#include <string>

#include "route/hosts.h"
#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

struct Refusal {
  Why why = Why::undecided;
  mail::EnhancedStatus enhanced;
  std::string reason;
  std::optional<Reason> note;
};

/// None of the plan's hosts is known to be us (behind NAT, under another name, or not published): any of them
/// may be. Where the DNS could not tell of one, that is not known either.
[[nodiscard]] Refusal refuse_unlisted(const Plan& plan, const Request& request, const SelfView& self);
/// We stand where the primary belongs.
[[nodiscard]] Refusal refuse_as_best(const Plan& plan, const Request& request);

}  // namespace waybill::route
