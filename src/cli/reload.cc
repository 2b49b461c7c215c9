// reload.cc: `waybill reload`: a new configuration without dropping a session, or the old one and why.
#include <memory>

#include "cli/daemon_call.h"
#include "cli/output.h"
#include "control/codec.h"

namespace waybill::cli {
namespace {
std::string describe(const control::ReloadAnswer& answer, bool colour) {
  std::string out;
  if (answer.outcome == control::ReloadOutcome::unchanged) out = "The configuration is unchanged.\n";
  if (answer.outcome == control::ReloadOutcome::applied)
    out = coloured(Colour::green, "The new configuration is in force.", colour) + "\n";
  for (const std::string& change : answer.changes) out += fmt::format("  {}\n", terminal_safe(change));
  for (const std::string& change : answer.restart_needed) {
    out +=
        fmt::format("  {} {}\n", coloured(Colour::yellow, "after a restart:", colour), terminal_safe(change));
  }
  return out;
}

void print_problems(const control::ReloadAnswer& answer) {
  fmt::print(stderr, "waybill: the new configuration was refused; the old one stays in force\n");
  for (const control::ConfigProblem& problem : answer.problems) {
    // The form of compilers: editors jump to it.
    std::string where = problem.file;
    if (problem.line != 0) where += fmt::format(":{}", problem.line);
    if (problem.line != 0 && problem.column != 0) where += fmt::format(":{}", problem.column);
    fmt::print(stderr, "{}: error: {}\n", terminal_safe(where), terminal_safe(problem.what));
  }
}

int reload(const AskOptions& options, const control::Client& client, bool colour) {
  const auto answer = client.reload();
  if (!answer) return report(answer.error());
  const bool refused = answer->outcome == control::ReloadOutcome::refused;
  if (options.json) {
    fmt::print("{}\n", control::encode(*answer));
  } else if (refused) {
    print_problems(*answer);
  } else {
    fmt::print("{}", describe(*answer, colour));
  }
  return refused ? exit_findings : exit_ok;
}
}  // namespace

void add_reload(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("reload", "Apply the configuration file anew, without dropping a session");
  make_ask(*verb, std::make_shared<AskOptions>(), context, reload);
}

}  // namespace waybill::cli
