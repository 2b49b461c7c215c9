// daemon_call.h: how a verb finds the running daemon, asks it, and tells of failure. Errors go to stderr.
#pragma once

#include <memory>
#include <string>
#include <type_traits>

#include "cli/verbs.h"
#include "control/client.h"

namespace waybill::cli {

struct DaemonOptions {
  std::string socket;  ///< --socket
  std::string config;  ///< --config: its [control] socket
};
/// Adds --socket and --config.
void add_daemon_options(CLI::App& app, DaemonOptions& options);

/// --socket, else --config's, else $WAYBILL_CONTROL, else that of the file that $WAYBILL_CONFIG names, else
/// that of the default configuration file if it can be read, else /var/lib/waybill/control.sock. Fails when a
/// named configuration can't be read.
[[nodiscard]] Result<std::string> find_socket(const DaemonOptions& options);
/// A client for that socket; on failure it is reported already and `context.exit_code` set.
[[nodiscard]] std::optional<control::Client> find_daemon(const DaemonOptions& options, Context& context);

/// What every verb takes that asks the daemon; those with more derive from it.
struct AskOptions {
  DaemonOptions daemon;
  bool json = false;
};
/// Gives `verb` those options, and has it do `ask(options, client, colour)`, whose result is the exit code.
template <class Options>
void make_ask(CLI::App& verb, const std::shared_ptr<Options>& options, Context& context,
              std::type_identity_t<int (*)(const Options&, const control::Client&, bool)> ask,
              const char* json_help = "One JSON document") {
  add_daemon_options(verb, options->daemon);
  verb.add_flag("--json", options->json, json_help);
  verb.callback([options, &context, ask] {
    if (const auto client = find_daemon(options->daemon, context))
      context.exit_code = ask(*options, *client, context.colour);
  });
}

/// "waybill: …" on stderr, and the exit code: 3 when the daemon could not be asked or failed (unknown), 1 not
/// found, 2 a bad question, 5 refused.
int report(const Error& error);
[[nodiscard]] int exit_code_of(Errc code);

/// Who asks, for the ledger: "root (sudo: alice)".
[[nodiscard]] std::string who_asks();

}  // namespace waybill::cli
