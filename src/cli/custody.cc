// custody.cc: `waybill custody verify`: proves from the ledger that nothing accepted is unaccounted for.
#include <memory>

#include "cli/daemon_call.h"
#include "cli/output.h"
#include "control/codec.h"

namespace waybill::cli {
namespace {
std::string describe(const control::CustodyAnswer& a, bool colour) {
  Table table({{"FATE"}, {"RECIPIENTS", Align::right}});
  for (const auto& [name, value] :
       {std::pair{"open", a.open}, std::pair{"delivered", a.delivered}, std::pair{"bounced", a.bounced},
        std::pair{"expired", a.expired}, std::pair{"deleted", a.deleted}, std::pair{"discarded", a.discarded},
        std::pair{"set aside", a.set_aside}, std::pair{"accepted", a.accepted}}) {
    table.add({{name}, {fmt::format("{}", value)}});
  }
  std::string out = table.to_string(colour);
  if (a.faults_total == 0)
    return out + coloured(Colour::green, "Every accepted recipient is accounted for.", colour) + "\n";
  out += coloured(Colour::red, fmt::format("{} fault{}:", a.faults_total, a.faults_total == 1 ? "" : "s"),
                  colour) +
         "\n";
  for (const std::string& fault : a.faults) out += fmt::format("  {}\n", terminal_safe(fault));
  if (a.faults_total > a.faults.size())
    out += fmt::format("  … and {} more\n", a.faults_total - a.faults.size());
  return out;
}

int verify(const AskOptions& options, const control::Client& client, bool colour) {
  const auto answer = client.custody_verify();
  if (!answer) return report(answer.error());
  fmt::print("{}", options.json ? control::encode(*answer) + "\n" : describe(*answer, colour));
  return answer->faults_total == 0 && answer->faults.empty() ? exit_ok : exit_findings;
}
}  // namespace

void add_custody(CLI::App& app, Context& context) {
  CLI::App* custody = app.add_subcommand("custody", "The custody ledger");
  custody->require_subcommand(1);
  CLI::App* verb = custody->add_subcommand("verify", "Prove that nothing accepted is unaccounted for");
  make_ask(*verb, std::make_shared<AskOptions>(), context, verify);
}

}  // namespace waybill::cli
