// plan_via.h: the plan of one way, as if it were the only one. Inner part of the planner; pure.
#pragma once

#include "base/decide.h"
#include "dns/answer.h"
#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

[[nodiscard]] Step<Plan, dns::Question> plan_via(const Request& request, const Via& via,
                                                 const dns::Facts& facts);

}  // namespace waybill::route
