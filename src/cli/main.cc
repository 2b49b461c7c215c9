// main.cc: the one program. Parses the command line, runs the verb, returns its exit code.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/version.h"
#include "cli/print.h"
#include "cli/unknown_verb.h"
#include "cli/verbs.h"

namespace {
using namespace waybill::cli;

constexpr auto kVerbs = std::to_array<AddVerb>({
    add_lookup, add_route,  add_check,  add_plan,       add_rehearse, add_records, add_lint,
    add_dns,    add_serve,  add_config, add_send,       add_queue,    add_trace,   add_custody,
    add_reload, add_status, add_cache,  add_recipients, add_demo,
});

enum class CalledAs : uint8_t { waybill, sendmail };

int run(int argc, char** argv, CalledAs name) {
  Context context;
  context.as_sendmail = name == CalledAs::sendmail;
  context.colour = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  CLI::App app{"waybill: a mail router that you can question", "waybill"};
  app.set_version_flag("--version", std::string(waybill::kVersion));
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  for (const AddVerb add : kVerbs) add(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    if (const std::string what = verb_wanting(app); !what.empty()) {
      complain(what);
      return exit_usage;
    }
    app.exit(error);
    return exit_usage;
  } catch (const CLI::ParseError& error) {
    app.failure_message(CLI::FailureMessage::simple);
    const int code = app.exit(error);
    return code == 0 ? exit_ok : exit_usage;
  }
  return context.exit_code;
}
}  // namespace

int main(int argc, char** argv) {
  // `sendmail`, a link to this program, is `waybill send` (design.md).
  if (std::filesystem::path(argv[0]).filename() == "sendmail") {
    std::vector<char*> args{argv[0], const_cast<char*>("send")};
    args.insert(args.end(), argv + 1, argv + argc);
    return run(static_cast<int>(args.size()), args.data(), CalledAs::sendmail);
  }
  return run(argc, argv, CalledAs::waybill);
}
