// serve.cc: `waybill serve`: the router, in the foreground; a service manager puts it where it belongs.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "cli/verbs.h"
#include "config/config.h"
#include "daemon/daemon.h"

namespace waybill::cli {
namespace {
/// No half-served sessions and no exception out of a library: what was answered with 250 is on disk, and the
/// service manager starts us anew. Nothing here may allocate.
[[noreturn]] void out_of_memory() {
  constexpr std::string_view kText =
      "waybill serve: no memory is left: ending, to be started anew; what was accepted is on disk\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText.data(), kText.size());
  std::_Exit(exit_findings);
}

int serve(const std::string& path) {
  // Before any thread exists, so that all of them leave these signals to the one that waits for them.
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::set_new_handler(out_of_memory);

  auto config = config::load(path);
  if (!config) {
    for (const config::Located& error : config.error()) fmt::print(stderr, "{}\n", error.to_string());
    fmt::print(stderr, "waybill serve: {} has {} error{}; `waybill config check {}` shows them in place\n",
               path, config.error().size(), config.error().size() == 1 ? "" : "s", path);
    return exit_findings;
  }
  auto daemon = daemon::Daemon::start(path, std::move(*config));
  if (!daemon) {
    fmt::print(stderr, "waybill serve: {}\n", daemon.error().what);
    return exit_findings;
  }
  (*daemon)->run();
  return exit_ok;
}
}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("serve", "Run the router until SIGTERM; SIGHUP reloads its configuration");
  auto path = std::make_shared<std::string>(config::default_path());
  verb->add_option("--config,-c", *path, "Configuration file")->capture_default_str();
  verb->callback([path, &context] { context.exit_code = serve(*path); });
}

}  // namespace waybill::cli
