// clients.cc: `waybill clients`: how the clients behaved that bring mail, and what a rule would do to them.
#include <memory>

#include "cli/daemon_call.h"
#include "cli/output.h"
#include "control/codec.h"

namespace waybill::cli {
namespace {
struct ClientsOptions : AskOptions {
  std::string domain;
  std::string by = "policy";
  uint32_t examples = 3;
};

std::string counted(uint64_t count, std::string_view what) {
  std::string digits = fmt::format("{}", count);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return fmt::format("{} {}{}", digits, what, count == 1 ? "" : "s");
}

/// What the rule would do if it were turned on; empty where it is on, or can't be.
std::string prospect(const control::ClientTestReport& test, const control::ClientsGroup& group) {
  if (test.clients == 0 || (test.action != "observe" && test.action != "tag")) return {};
  return fmt::format("turning {} = \"defer\" on would have deferred {} of {}, {}", test.test, test.clients,
                     counted(group.clients, "client"), counted(test.messages, "message"));
}

std::string outcome(const control::ClientTestReport& test) {
  return fmt::format("{} = \"{}\": {}, {}, of which {} turned away", test.test, test.action,
                     counted(test.clients, "client"), counted(test.messages, "message"), test.turned_away);
}

std::string example_line(const control::ClientExample& example, Time now) {
  std::string who = terminal_safe(example.client);
  if (!example.name.empty()) who += fmt::format(" ({})", terminal_safe(example.name));
  return fmt::format("    {}, HELO {}, from <{}>, {}: {}; {}\n", who,
                     example.helo.empty() ? "none" : terminal_safe(shortened(example.helo, 60)),
                     terminal_safe(shortened(example.from, 60)), counted(example.messages, "message"),
                     terminal_safe(example.why), relative_time(example.last, now));
}

void describe_test(std::string& out, const control::ClientTestReport& test,
                   const control::ClientsGroup& group, Time now) {
  if (test.clients == 0) return;
  const std::string would = prospect(test, group);
  out += fmt::format("  {}\n", would.empty() ? outcome(test) : would);
  if (!test.examples.empty()) out += "  for example\n";
  for (const control::ClientExample& example : test.examples) out += example_line(example, now);
}

std::string describe(const control::ClientsAnswer& answer, bool colour) {
  if (answer.groups.empty()) {
    return "No client was looked at yet. Trusted networks and authenticated clients never are.\n";
  }
  const bool by_policy = answer.by == control::ClientsBy::policy;
  std::string out =
      fmt::format("{}{}; trusted and authenticated ones are not counted\n", counted(answer.clients, "client"),
                  answer.since ? ", the first " + relative_time(*answer.since, answer.now) : "");
  if (answer.full)
    out += "As many are remembered as clients.entries allows: those not seen for longest are missing.\n";
  Table table({{by_policy ? "POLICY" : "DOMAIN", Align::left, 60},
               {"TEST"},
               {"NOW"},
               {"CLIENTS", Align::right},
               {"FAILED", Align::right},
               {"MESSAGES", Align::right},
               {"FAILED", Align::right},
               {"TURNED AWAY", Align::right}});
  std::string details;
  for (const control::ClientsGroup& group : answer.groups) {
    const std::string name = group.name.empty() ? "(none named)" : group.name;
    for (const control::ClientTestReport& test : group.tests) {
      const Colour failed = test.clients > 0 ? Colour::yellow : Colour::none;
      table.add({{name},
                 {test.test},
                 {test.action},
                 {fmt::format("{}", group.clients)},
                 {fmt::format("{}", test.clients), failed},
                 {fmt::format("{}", group.messages)},
                 {fmt::format("{}", test.messages), failed},
                 {fmt::format("{}", test.turned_away), test.turned_away > 0 ? Colour::red : Colour::none}});
    }
    std::string tests;
    for (const control::ClientTestReport& test : group.tests) describe_test(tests, test, group, answer.now);
    if (!tests.empty()) {
      details += fmt::format("\n{} {}\n{}", by_policy ? "policy" : "domain", terminal_safe(name), tests);
    }
  }
  return out + table.to_string(colour) + details;
}

int clients(const ClientsOptions& options, const control::Client& client, bool colour) {
  control::ClientsRequest request;
  request.by = options.by == "domain" ? control::ClientsBy::domain : control::ClientsBy::policy;
  request.domain = options.domain;
  request.examples = options.examples;
  const auto answer = client.clients(request);
  if (!answer) return report(answer.error());
  fmt::print("{}", options.json ? control::encode(*answer) + "\n" : describe(*answer, colour));
  return exit_ok;
}
}  // namespace

void add_clients(CLI::App& app, Context& context) {
  const auto options = std::make_shared<ClientsOptions>();
  CLI::App* verb =
      app.add_subcommand("clients", "How the clients behave that bring mail, and what a rule would do");
  verb->add_option("domain", options->domain, "Only with this domain's mail; default: all")
      ->type_name("DOMAIN");
  verb->add_option("--by", options->by, "Counted by policy, or by domain")
      ->check(CLI::IsMember({"policy", "domain"}))
      ->capture_default_str();
  verb->add_option("--examples", options->examples, "Clients shown for each test")
      ->check(CLI::Range(uint32_t{0}, control::kClientExamplesMax))
      ->capture_default_str();
  make_ask(*verb, options, context, clients);
}

}  // namespace waybill::cli
