// recipients.cc: `waybill recipients list` and `waybill recipients forget`: whom a backup knows from its
// primary, and how to have it ask anew.
#include <memory>

#include "cli/daemon_call.h"
#include "cli/output.h"
#include "control/codec.h"

namespace waybill::cli {
namespace {
struct RecipientsOptions : AskOptions {
  std::string name;  ///< an address or a domain; empty: all
  uint32_t limit = 1000;
};

// A domain's own line tells what its primary did with a name that nobody has.
std::string meaning(const control::RememberedRecipient& one) {
  if (one.name.find('@') != std::string::npos) return one.state;
  return one.state == "exists" ? "takes everyone" : "tells who exists";
}

std::string describe(const control::RecipientsAnswer& answer, const RecipientsOptions& options, bool colour) {
  if (answer.recipients.empty()) {
    return options.name.empty() ? "No recipient is known from a primary.\n"
                                : fmt::format("Nothing is known of {}.\n", terminal_safe(options.name));
  }
  const Time now = SystemClock().now();
  Table table({{"RECIPIENT", Align::left, 60},
               {"STATE"},
               {"LEARNT"},
               {"UNTIL"},
               {"THE PRIMARY SAID", Align::left, 60}});
  for (const control::RememberedRecipient& one : answer.recipients) {
    table.add({{one.name},
               {meaning(one), one.state == "exists" ? Colour::green : Colour::yellow},
               {relative_time(one.learnt, now)},
               {relative_time(one.expires, now)},
               {one.reply, Colour::grey}});
  }
  std::string out = table.to_string(colour);
  if (answer.recipients.size() < answer.total)
    out += fmt::format("{} of {} shown: --limit\n", answer.recipients.size(), answer.total);
  return out;
}

int list(const RecipientsOptions& options, const control::Client& client, bool colour) {
  constexpr uint32_t kLimitMax = 100'000;  // of the control socket
  const uint32_t limit = options.limit == 0 ? kLimitMax : options.limit;
  const auto answer = client.recipients({.name = options.name, .limit = limit});
  if (!answer) return report(answer.error());
  fmt::print("{}", options.json ? control::encode(*answer) + "\n" : describe(*answer, options, colour));
  return exit_ok;
}

int forget(const RecipientsOptions& options, const control::Client& client, bool) {
  const auto answer = client.forget_recipients({.name = options.name});
  if (!answer) return report(answer.error());
  if (options.json) {
    fmt::print("{}\n", control::encode(*answer));
  } else {
    fmt::print("{} forgotten: the primary is asked anew\n", answer->forgotten);
  }
  return exit_ok;
}
}  // namespace

void add_recipients(CLI::App& app, Context& context) {
  const auto options = std::make_shared<RecipientsOptions>();
  CLI::App* verb = app.add_subcommand("recipients", "Whom a backup knows from its primary");
  verb->require_subcommand(1);
  CLI::App* shown = verb->add_subcommand("list", "What the primary said, and until when it is believed");
  shown->add_option("name", options->name, "An address or a domain; default: all")->type_name("NAME");
  shown->add_option("--limit", options->limit, "Rows at most; 0: as many as one answer holds (100,000)")
      ->capture_default_str();
  make_ask(*shown, options, context, list);
  CLI::App* forgotten = verb->add_subcommand("forget", "Forget it: the primary is asked anew");
  forgotten->add_option("name", options->name, "An address, or a domain with all that is known of it")
      ->required()
      ->type_name("NAME");
  make_ask(*forgotten, options, context, forget);
}

}  // namespace waybill::cli
