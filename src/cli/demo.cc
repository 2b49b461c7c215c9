// demo.cc: `waybill demo`: a small internet on loopback, an outage, a recovery, and the account of it.
#include <csignal>
#include <cstdio>

#include "cli/demo/story.h"
#include "cli/demo/world.h"
#include "cli/verbs.h"

namespace waybill::cli {
namespace {
void next_steps(const demo::World& world) {
  const std::string folder = world.folder();
  fmt::print(
      "\nLook around:\n"
      "  {2} lookup town.test --server {0} --no-dnssec\n"
      "  {2} route bob@town.test --server {0} --no-dnssec --down mx1.town.test\n"
      "  {2} queue list --config {1}/backup1.safe.test/waybill.toml\n"
      "  {2} status --config {1}/mail.sender.test/waybill.toml\n",
      world.dns().to_string(), folder, demo::program_for_shell());
}

void wait_for_interrupt() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  int signal = 0;
  sigwait(&set, &signal);
}

int run_demo(bool keep, bool colour) {
  // Blocked before anything starts: Ctrl-C ends the world in order.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (keep) sigprocmask(SIG_BLOCK, &set, nullptr);
  fmt::print("waybill demo: a mail router that you can question\n");
  auto world = demo::World::create();
  if (!world) {
    fmt::print(stderr, "waybill demo: {}\n", world.error().what);
    return exit_findings;
  }
  const Status told = demo::tell(*world, colour);
  if (!told) {
    fmt::print(stderr, "\nwaybill demo: {}\nThe hosts' files and logs are kept in {}\n", told.error().what,
               world->folder());
    world->keep_files();
    return exit_findings;
  }
  if (keep) {
    next_steps(*world);
    fmt::print("\nEverything keeps running until Ctrl-C; its files are in {}.\n", world->folder());
    std::fflush(stdout);
    wait_for_interrupt();
  } else {
    fmt::print("\nRun it again with --keep to look around in it: queues, traces, routes, the DNS.\n");
  }
  return exit_ok;
}
}  // namespace

void add_demo(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand(
      "demo", "Show it all on a small internet on loopback: an outage, a recovery, the account");
  auto keep = std::make_shared<bool>(false);
  verb->add_flag("--keep", *keep, "Leave everything running until Ctrl-C, to look around");
  verb->callback([keep, &context] { context.exit_code = run_demo(*keep, context.colour); });
}

}  // namespace waybill::cli
