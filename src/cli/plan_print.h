// plan_print.h: a planned change as `waybill plan` prints it: for a terminal, as Markdown for a ticket, as
// JSON lines. Pure.
#pragma once

#include <string>

#include "check/change/plan.h"
#include "cli/findings_print.h"

namespace waybill::cli {

struct PlannedChange {
  const check::change::Move& move;
  const check::change::ChangePlan& plan;
  const Leniency& leniency;
};

[[nodiscard]] std::string change_text(const PlannedChange& planned, Paint paint);
[[nodiscard]] std::string change_markdown(const PlannedChange& planned);
/// `{"v":1,"change":…}`, findings with "effect", `{"v":1,"step":…}`, and last `{"v":1,"plan":…}`
/// (docs/plan.md).
[[nodiscard]] std::string change_json(const PlannedChange& planned);

/// 0 nothing changes, 4 changes pending, 5 unsafe as asked, 3 unknown.
[[nodiscard]] int exit_of(check::change::Decision decision);

}  // namespace waybill::cli
