// verbs.h: the command line's verbs. Each lives in a file of its own and adds itself to the program here:
// its options, its help, and a callback that sets the exit code.
#pragma once

#include <CLI/CLI.hpp>

namespace waybill::cli {

/// Exit codes (design.md's contract; docs/exit-codes.md).
enum Exit : int {
  exit_ok = 0,
  exit_findings = 1,  ///< findings, a bounce, or something not found
  exit_usage = 2,
  exit_unknown = 3,  ///< the DNS or the daemon could not be asked: never shown as "missing"
  exit_changes = 4,
  exit_unsafe = 5,
};

/// What every verb shares: set by its callback, returned by main().
struct Context {
  int exit_code = exit_ok;
  bool as_sendmail = false;  ///< called by that name: its callers' logs look for it
  bool colour = false;       ///< stdout is a terminal and NO_COLOR is not set
};

using AddVerb = void (*)(CLI::App& app, Context& context);

void add_lookup(CLI::App& app, Context& context);
void add_route(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_rehearse(CLI::App& app, Context& context);
void add_records(CLI::App& app, Context& context);
void add_lint(CLI::App& app, Context& context);
void add_dns(CLI::App& app, Context& context);
void add_serve(CLI::App& app, Context& context);
void add_config(CLI::App& app, Context& context);
void add_send(CLI::App& app, Context& context);
void add_queue(CLI::App& app, Context& context);
void add_trace(CLI::App& app, Context& context);
void add_custody(CLI::App& app, Context& context);
void add_reload(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_cache(CLI::App& app, Context& context);
void add_recipients(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_demo(CLI::App& app, Context& context);

}  // namespace waybill::cli
