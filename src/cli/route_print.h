// route_print.h: a plan as `waybill route` shows it: a tree for people, the contract's JSON for programs.
#pragma once

#include <string>

#include "cli/print.h"
#include "dns/answer.h"
#include "route/plan.h"

namespace waybill::cli {

using Notes = std::vector<std::string>;

/// What is told beside the plan: notes on the question, and what the DNS said (none: not told).
struct Explained {
  Notes notes = {};
  const dns::Facts* facts = nullptr;
};

/// `recipient` as it was asked for. Ends in a newline.
[[nodiscard]] std::string plan_text(std::string_view recipient, const route::Plan& plan, Paint paint,
                                    const Explained& more = {});
/// Its text is as it was given, made well-formed UTF-8: what shows it on a terminal must make it safe.
[[nodiscard]] std::string plan_json(std::string_view recipient, const route::Plan& plan,
                                    const Explained& more = {});

/// 0 deliver, 1 bounce, 3 defer.
[[nodiscard]] int exit_of(const route::Plan& plan);

}  // namespace waybill::cli
