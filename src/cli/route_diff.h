// route_diff.h: what changes between two plans for one recipient, for `waybill route --diff`. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/print.h"
#include "route/plan.h"

namespace waybill::cli {

/// An address that is tried in one of two plans, or in both.
struct AttemptChange {
  const route::Attempt* before = nullptr;    ///< nullptr: new
  const route::Attempt* after = nullptr;     ///< nullptr: gone
  size_t place_before = 0, place_after = 0;  ///< from 1 in the order of trying; 0: not tried
  [[nodiscard]] bool changed() const;
};

struct PlanDiff {
  const route::Plan* before = nullptr;
  const route::Plan* after = nullptr;
  std::vector<AttemptChange>
      attempts;  ///< those that changed only, in the order of `after`, then what is gone
  [[nodiscard]] bool decision_changed() const;
  [[nodiscard]] bool any() const { return decision_changed() || !attempts.empty(); }
};

/// Both outlive the result. Orders of equals are compared by share, not by chance: give both plans one seed.
[[nodiscard]] PlanDiff diff_plans(const route::Plan& before, const route::Plan& after);
[[nodiscard]] std::string diff_text(std::string_view recipient, const PlanDiff& diff, Paint paint);
/// {"recipient","changed","decision":{"before","after"},"reason":{…},"attempts":[{"host","ip","port","preference",
/// "before":{"place","first_share"}|null,"after":…|null}]}.
[[nodiscard]] std::string diff_json(std::string_view recipient, const PlanDiff& diff);

}  // namespace waybill::cli
