// serve.cc: `waybill serve`: the router, in the foreground; a service manager puts it where it belongs.
#include <csignal>
#include <cstdio>

#include "cli/verbs.h"
#include "config/config.h"
#include "daemon/daemon.h"

namespace waybill::cli {
namespace {
int serve(const std::string& path) {
  // Before any thread exists, so that all of them leave these signals to the one that waits for them.
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);

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
