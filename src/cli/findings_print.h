// findings_print.h: findings as `check`, `lint` and `plan` print them, for people and as JSON lines. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check/finding.h"
#include "cli/print.h"

namespace waybill::cli {

/// What --allow and --fail-on say.
struct Leniency {
  std::map<std::string, std::string> allowed;                   ///< id → the reason
  std::optional<check::Level> fail_on = check::Level::warning;  ///< none: never
};
/// "mx.single=one host is enough" → into `leniency`. Errors: no reason, or an id that `known` does not hold.
[[nodiscard]] Status add_allowed(const std::string& text, const std::function<bool(std::string_view)>& known,
                                 Leniency& leniency);
/// "notice", "warning", "error", "never".
[[nodiscard]] Status set_fail_on(const std::string& text, Leniency& leniency);
/// --allow and --fail-on, the same on every verb that has findings; read their texts with read_leniency().
struct LeniencyOptions {
  std::vector<std::string> allow;
  std::string fail_on = "warning";
};
void add_leniency_options(CLI::App& verb, LeniencyOptions& options);
[[nodiscard]] Result<Leniency> read_leniency(const LeniencyOptions& options,
                                             const std::function<bool(std::string_view)>& known);

[[nodiscard]] Colour colour_of(check::Level level);

/// exit_findings if any that is not allowed weighs enough, exit_unknown if something could not be found out
/// and that outranks it (print.h's worse_exit), else exit_ok.
[[nodiscard]] int exit_of(const std::vector<check::Finding>& findings, const Leniency& leniency);

/// One line of the contract, with "allowed" if it is.
[[nodiscard]] std::string finding_json(const check::Finding& finding, const Leniency& leniency);
/// A paragraph each, gravest first; unknowns with one reason are told together. `source_line`: the text of
/// the line that `where` names, for an excerpt with a caret; empty: none.
[[nodiscard]] std::string findings_text(
    const std::vector<check::Finding>& findings, const Leniency& leniency, Paint paint,
    const std::function<std::string(const check::Where&)>& source_line = {});

struct Tally {
  size_t errors = 0, warnings = 0, notices = 0, unknown = 0, allowed = 0;
};
[[nodiscard]] Tally tally(const std::vector<check::Finding>& findings, const Leniency& leniency);
/// "2 errors, 1 warning, 1 allowed"; "nothing found" when there is none.
[[nodiscard]] std::string to_string(const Tally& tally);

}  // namespace waybill::cli
