// queue_act.cc: `waybill queue retry|hold|release|delete|reroute`. First the count, then the deed: without
// --yes a terminal is asked, and anything else gets the count alone and exit 4 (changes pending). The daemon
// is told how many were seen, and refuses when more match by then.
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "base/bytes.h"
#include "cli/queue.h"
#include "control/codec.h"
#include "route/request.h"

namespace waybill::cli {
namespace {
using control::Action;

constexpr uint32_t kSample = 5;

struct ActOptions : AskOptions {
  control::SelectorText selector;
  Action action = Action::retry;
  std::string reason;
  std::string via;
  bool yes = false;
  bool dry_run = false;
};

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string_view done_word(Action action) {
  switch (action) {
    case Action::retry:
      return "due now";
    case Action::hold:
      return "held";
    case Action::release:
      return "released";
    case Action::drop:
      return "deleted";
    case Action::reroute:
      return "rerouted";
  }
  return "changed";
}

std::string count_text(const control::QueueCountAnswer& count) {
  std::string out = fmt::format("{} recipient{}", count.recipients, count.recipients == 1 ? "" : "s");
  if (count.messages)
    out += fmt::format(" of {} message{}", *count.messages, *count.messages == 1 ? "" : "s");
  return out;
}

Status print_sample(const control::Client& client, const control::Selector& selector, uint64_t total,
                    bool colour) {
  const auto page = client.queue_list({selector, std::nullopt, kSample});
  if (!page) return pass(page.error());
  Table table = queue_table();
  const Time now = SystemClock().now();
  for (const control::QueueRow& row : page->rows) add_queue_row(table, row, now);
  print(table.to_string(colour));
  if (total > page->rows.size()) print(fmt::format("… and {} more\n", total - page->rows.size()));
  return {};
}

bool confirmed(Action action) {
  print(fmt::format("Go on and {}? [y/N] ", to_string(action)));
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  return iequals(trim(line), "y") || iequals(trim(line), "yes");
}

int pending(const ActOptions& options, const control::Client& client, const control::Selector& selector,
            const control::QueueCountAnswer& count) {
  if (options.json) {
    const auto page = client.queue_list({selector, std::nullopt, kSample});
    if (!page) return report(page.error());
    boost::json::array examples;
    for (const control::QueueRow& row : page->rows)
      examples.push_back(boost::json::parse(control::encode(row)));
    boost::json::object out{{"v", 1},
                            {"action", std::string(to_string(options.action))},
                            {"done", false},
                            {"recipients", count.recipients}};
    out["examples"] = std::move(examples);
    out["messages"] = count.messages ? boost::json::value(*count.messages) : boost::json::value(nullptr);
    print(boost::json::serialize(out) + "\n");
  } else {
    print("Nothing was changed. Add --yes to do it.\n");
  }
  return exit_changes;
}

int perform(const ActOptions& options, const control::Client& client, control::Selector selector,
            uint64_t seen) {
  control::ActRequest request{options.action, std::move(selector), options.via,
                              who_asks(),     options.reason,      seen};
  const auto done = client.queue_act(request);
  if (!done) return report(done.error());
  if (options.json) {
    print(control::encode(*done) + "\n");
    return exit_ok;
  }
  print(fmt::format("{} of {} {}", done->acted, done->matched, done_word(options.action)));
  print(done->skipped == 0 ? ".\n" : fmt::format(", {} skipped.\n", done->skipped));
  for (const std::string& note : done->notes) print(fmt::format("  {}\n", terminal_safe(note)));
  return exit_ok;
}

int act(const ActOptions& options, const control::Client& client, bool colour) {
  auto selector = control::parse_selector(options.selector);
  if (!selector) return report(selector.error());
  if (selector->unrestricted() && !selector->all) {
    return report({Errc::invalid, "which recipients? Give selectors, or --all for every one in the queue"});
  }
  // Only what is held can be released: nothing else is counted, shown or asked about.
  if (options.action == Action::release && !selector->state) selector->state = control::RecipientState::held;
  const auto count = client.queue_count(*selector);
  if (!count) return report(count.error());
  if (count->recipients == 0) {
    return report({Errc::not_found, fmt::format("nothing in the queue matches: {}", describe(*selector))});
  }
  if (!options.json) {
    print(fmt::format("{}: {} ({}){}\n", to_string(options.action), count_text(*count),
                      terminal_safe(describe(*selector)),
                      options.via.empty() ? "" : ", by " + terminal_safe(options.via)));
    if (!options.yes) {
      if (const Status shown = print_sample(client, *selector, count->recipients, colour); !shown)
        return report(shown.error());
    }
  }
  const bool terminal =
      !options.json && !options.dry_run && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  if (!options.yes && !(terminal && confirmed(options.action)))
    return pending(options, client, *selector, *count);
  return perform(options, client, *selector, count->recipients);
}

// A recipient's address has an '@' and a way has none, so `--to` can be said of both.
int reroute_them(const ActOptions& given, const control::Client& client, bool colour) {
  ActOptions options = given;
  if (options.via.empty() && options.selector.to.find('@') == std::string::npos)
    std::swap(options.via, options.selector.to);
  if (options.via.empty())
    return report(
        {Errc::invalid, "where to? Give --via \"[host]:587\", \"host\" (its MX), \"mx\" or \"table\""});
  if (options.via == "table") {
    options.via.clear();
    return act(options, client, colour);
  }
  // The daemon asks the same; but a dry run never comes that far.
  const auto way = route::Way::parse(options.via);
  if (!way) return report(way.error());
  if (way->kind != route::Way::Kind::deliver) {
    return report(
        {Errc::invalid,
         fmt::format("'{}' is no host: mail is rerouted to one; see 'queue hold' and 'queue delete'",
                     printable(options.via, 200))});
  }
  options.via = way->to_string();
  return act(options, client, colour);
}

CLI::App* add_action(CLI::App& queue, Context& context, Action action, const char* help,
                     std::shared_ptr<ActOptions> options) {
  options->action = action;
  CLI::App* verb = queue.add_subcommand(std::string(to_string(action)), help);
  add_selector_options(*verb, options->selector);
  CLI::Option* yes = verb->add_flag("-y,--yes", options->yes, "Do it without asking");
  verb->add_flag("-n,--dry-run", options->dry_run, "Only tell how many match, with examples")->excludes(yes);
  make_ask(*verb, options, context, action == Action::reroute ? reroute_them : act,
           "The report as JSON; never asks");
  return verb;
}
}  // namespace

void add_queue_actions(CLI::App& queue, Context& context) {
  add_action(queue, context, Action::retry, "Make recipients due now", std::make_shared<ActOptions>());
  for (const auto& [action, help] : {std::pair{Action::hold, "Hold recipients: not tried until released"},
                                     std::pair{Action::release, "Release held recipients"}}) {
    auto options = std::make_shared<ActOptions>();
    add_action(queue, context, action, help, options)
        ->add_option("--reason", options->reason, "For the ledger");
  }
  auto dropping = std::make_shared<ActOptions>();
  add_action(queue, context, Action::drop, "Delete recipients for ever, with no report to the sender",
             dropping)
      ->add_option("--reason", dropping->reason, "Why: it stands in the ledger beside your name")
      ->required();
  auto rerouting = std::make_shared<ActOptions>();
  CLI::App* reroute =
      add_action(queue, context, Action::reroute, "Pin recipients to another route", rerouting);
  reroute->add_option(
      "--via", rerouting->via,
      "\"[host]:587\", \"host\" (its MX), \"mx\", several with commas between, or \"table\" to undo "
      "a pin; --to does as well");
  reroute->add_option("--reason", rerouting->reason, "For the ledger");
}

}  // namespace waybill::cli
