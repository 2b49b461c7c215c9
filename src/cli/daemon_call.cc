#include "cli/daemon_call.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/output.h"
#include "config/config.h"

namespace waybill::cli {
namespace {
constexpr const char* kDefaultSocket = "/var/lib/waybill/control.sock";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}
}  // namespace

void add_daemon_options(CLI::App& app, DaemonOptions& options) {
  app.add_option("--socket", options.socket, "The daemon's control socket")->type_name("PATH");
  app.add_option("-c,--config", options.config, "The daemon's configuration: where its control socket stands")
      ->type_name("FILE");
}

Result<std::string> find_socket(const DaemonOptions& options) {
  if (!options.socket.empty()) return options.socket;
  if (!options.config.empty()) return config::control_socket_of(options.config);
  if (std::string path = from_environment("WAYBILL_CONTROL"); !path.empty()) return path;
  // Named just as --config names it: a slip in it must not lead to another router.
  if (const std::string path = from_environment("WAYBILL_CONFIG"); !path.empty())
    return config::control_socket_of(path);
  if (::access(config::default_path().c_str(), R_OK) == 0) {
    if (auto socket = config::control_socket_of(config::default_path())) return socket;
  }
  return kDefaultSocket;
}

std::optional<control::Client> find_daemon(const DaemonOptions& options, Context& context) {
  auto socket = find_socket(options);
  if (!socket) {
    context.exit_code = report(socket.error());
    return std::nullopt;
  }
  return control::Client(std::move(*socket));
}

int exit_code_of(Errc code) {
  switch (code) {
    case Errc::not_found:
      return exit_findings;
    case Errc::invalid:
    case Errc::unsupported:
    case Errc::exists:
      return exit_usage;
    case Errc::refused:
      return exit_unsafe;
    default:
      return exit_unknown;
  }
}

int report(const Error& error) {
  fmt::print(stderr, "waybill: {}\n", terminal_safe(error.what));
  return exit_code_of(error.code);
}

std::string who_asks() {
  std::string name = fmt::format("uid {}", ::getuid());
  if (const passwd* entry = ::getpwuid(::getuid()); entry != nullptr && entry->pw_name != nullptr)
    name = entry->pw_name;
  const std::string sudo = from_environment("SUDO_USER");
  // What the environment says is a hint; the name before it is the kernel's.
  if (!sudo.empty() && sudo != name) name += fmt::format(" (sudo: {})", sudo.substr(0, 64));
  return name;
}

}  // namespace waybill::cli
