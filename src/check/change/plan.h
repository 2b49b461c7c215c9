// plan.h: a change as a whole: what it means for mail, what is unsafe about it as asked, which findings come
// and go, and the safe order of its steps. plan_change() is the pure step; run_plan() drives it.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "check/change/mail.h"
#include "check/change/steps.h"
#include "check/change/worlds.h"
#include "check/run.h"

namespace waybill::check::change {

enum class Decision : uint8_t {
  nothing,  ///< the two worlds are the same to mail
  pending,  ///< there is a change, and nothing says that it is unsafe
  unsafe,   ///< at least one error of change.*
  unknown,  ///< something that the change hangs on could not be found out
};
[[nodiscard]] std::string_view to_string(Decision decision);

struct ChangePlan {
  Decision decision = Decision::unknown;
  std::vector<Change> changes;
  std::vector<Finding> asked;    ///< of the change.* checks: what is unsafe, or unknown
  std::vector<Finding> appears;  ///< of the catalogue, in the proposed world alone
  std::vector<Finding> goes;     ///< in the live world alone
  Steps steps;
};

[[nodiscard]] Step<ChangePlan, SideQuestion> plan_change(Checks checks, const Move& move,
                                                         const SideFacts& facts);

using PlanDone = std::function<void(std::optional<ChangePlan>)>;
/// `ask` answers on one thread; `done` is called there once; without a plan if it asked without end (a bug of
/// ours).
void run_plan(Checks checks, Move move, SideAsk ask, PlanDone done);

}  // namespace waybill::check::change
