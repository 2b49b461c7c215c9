// route_print.h: a plan as `waybill route` shows it: a tree for people, the contract's JSON for programs.
#pragma once

#include <string>

#include "cli/print.h"
#include "route/plan.h"

namespace waybill::cli {

/// `recipient` as it was asked for. Ends in a newline.
[[nodiscard]] std::string plan_text(std::string_view recipient, const route::Plan& plan, Paint paint);
[[nodiscard]] std::string plan_json(std::string_view recipient, const route::Plan& plan);

/// 0 deliver, 1 bounce, 3 defer.
[[nodiscard]] int exit_of(const route::Plan& plan);

}  // namespace waybill::cli
