// dns.cc: `waybill dns`: a small authoritative server for zones in files, to try a zone out with any mail
// software, with faults on demand.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cli/verbs.h"
#include "net/loop.h"
#include "resolve/dns_server.h"
#include "resolve/overlay_resolver.h"

namespace waybill::cli {
namespace {

struct DnsOptions {
  std::vector<std::string> zones;
  std::string listen = "127.0.0.1:5353";
  std::vector<std::string> faults;
  std::string fault_file;
  bool log = false;
};

Result<std::vector<resolve::Fault>> parse_faults(const std::vector<std::string>& texts) {
  std::vector<resolve::Fault> faults;
  for (const std::string& text : texts) {
    auto fault = resolve::parse_fault(text);
    if (!fault) return pass(fault.error(), "--fault");
    faults.push_back(std::move(*fault));
  }
  return faults;
}

Result<std::vector<resolve::Fault>> read_faults(const DnsOptions& options) {
  auto faults = parse_faults(options.faults);
  if (!faults || options.fault_file.empty()) return faults;
  std::ifstream in(options.fault_file);
  if (!in) return std::unexpected(errno_error("cannot read " + options.fault_file));
  std::ostringstream text;
  text << in.rdbuf();
  auto more = resolve::parse_fault_file(text.str(), options.fault_file);
  if (!more) return more;
  std::ranges::move(*more, std::back_inserter(*faults));
  return faults;
}

/// The files as they are now. Notices go to stderr; errors come back, located.
Result<resolve::Authority> load(const DnsOptions& options) {
  auto loaded = resolve::load_zones(options.zones);
  if (!loaded) return std::unexpected(loaded.error());
  for (const dns::ZoneError& notice : loaded->notices) fmt::print(stderr, "{}\n", notice.to_string());
  auto faults = read_faults(options);
  if (!faults) return std::unexpected(faults.error());
  return resolve::Authority(std::move(loaded->zones), resolve::FaultTable(std::move(*faults)));
}

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);  // a script waits for it
}

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

/// Takes signals on a thread of its own, so that nothing but plain code runs for them.
void watch_signals(net::Loop& loop, resolve::DnsServer& server, const DnsOptions& options) {
  const sigset_t set = handled_signals();
  for (int signal = 0; sigwait(&set, &signal) == 0;) {
    if (signal != SIGHUP) {
      loop.post([&server] { server.close(); });
      loop.post([&loop] { loop.stop(); });
      return;
    }
    auto fresh = load(options);
    if (!fresh) {
      fmt::print(stderr, "{}\nthe zones stay as they were\n", fresh.error().what);
      continue;
    }
    loop.post([&server, authority = std::move(*fresh)]() mutable {
      server.replace(std::move(authority));
      print_line("reloaded");
    });
  }
}

void say_ready(const resolve::DnsServer& server, const dns::ZoneSet& zones) {
  for (const auto& zone : zones.zones()) {
    fmt::print("zone {} ({} names)\n", zone->origin().to_string(), zone->names());
  }
  print_line("listening on " + server.local().to_string());
}

int run(const DnsOptions& options) {
  const auto at = Endpoint::parse(options.listen);
  if (!at) {
    fmt::print(stderr, "--listen: {}\n", at.error().what);
    return exit_usage;
  }
  if (const auto given = parse_faults(options.faults); !given) {
    fmt::print(stderr, "{}\n", given.error().what);
    return exit_usage;
  }
  auto authority = load(options);
  if (!authority) {
    fmt::print(stderr, "{}\n", authority.error().what);
    return exit_findings;
  }
  // Before any thread: each inherits the mask, and only sigwait takes them.
  const sigset_t set = handled_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const dns::ZoneSet zones = authority->zones();
  net::Loop loop;
  resolve::DnsServer::Log log;
  if (options.log) {
    log = [](const Endpoint& client, const std::string& line) {
      print_line(fmt::format("{} {}", client.to_string(), line));
    };
  }
  auto server = resolve::DnsServer::open(loop, *at, std::move(*authority), std::move(log));
  if (!server) {
    fmt::print(stderr, "cannot listen on {}: {}\n", at->to_string(), server.error().what);
    return exit_findings;
  }
  say_ready(**server, zones);
  std::thread signals([&] { watch_signals(loop, **server, options); });
  loop.run();
  signals.join();
  return exit_ok;
}

}  // namespace

void add_dns(CLI::App& app, Context& context) {
  auto options = std::make_shared<DnsOptions>();
  auto* verb = app.add_subcommand("dns", "a small authoritative DNS server for zone files, faults on demand");
  verb->add_option("--zone", options->zones, "zone file; repeatable; one file may hold several zones")
      ->required();
  verb->add_option("--listen", options->listen, "ADDR:PORT for UDP and TCP; port 0 takes a free one")
      ->capture_default_str();
  verb->add_option(
      "--fault", options->faults,
      "NAME[/TYPE]=FAULT[,times=N]: servfail, refused, nxdomain, silent, truncate, delay:500ms, wrong-id, "
      "wrong-question, wrong-port; NAME may be *.NAME or *; repeatable");
  verb->add_option("--fault-file", options->fault_file,
                   "the same, one a line; read again on SIGHUP, as the zones are");
  verb->add_flag("--log", options->log, "print each question and what was said");
  verb->footer(
      "Prints \"listening on ADDR:PORT\" on stdout when it serves. SIGHUP reads the files again, SIGTERM "
      "and\n"
      "SIGINT end it. A zone file without SOA is accepted: its topmost names become zones.");
  verb->callback([options, &context] { context.exit_code = run(*options); });
}

}  // namespace waybill::cli
