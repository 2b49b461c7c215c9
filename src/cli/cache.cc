// cache.cc: `waybill cache list` and `waybill cache flush`: what the running router remembers of the DNS, and
// how to have it ask anew.
#include <memory>

#include "cli/daemon_call.h"
#include "cli/output.h"
#include "control/codec.h"

namespace waybill::cli {
namespace {
struct CacheOptions : AskOptions {
  std::string name;  ///< this one and those below; empty: all
  uint32_t limit = 1000;
};

Colour colour_of(const control::DnsCacheEntry& entry) {
  if (entry.status == "present") return Colour::green;
  return entry.status == "absent" ? Colour::none : Colour::yellow;
}

std::string joined(const std::vector<std::string>& records) {
  std::string out;
  for (const std::string& record : records) out += (out.empty() ? "" : ", ") + record;
  return out;
}

std::string describe(const control::DnsCacheAnswer& answer, const CacheOptions& options, bool colour) {
  if (answer.entries.empty()) {
    return options.name.empty() ? "The cache is empty.\n"
                                : fmt::format("Nothing is remembered of {}.\n", terminal_safe(options.name));
  }
  Table table({{"NAME", Align::left, 60},
               {"TYPE"},
               {"STATUS"},
               {"SECURITY"},
               {"TTL", Align::right},
               {"RECORDS", Align::left, 80}});
  for (const control::DnsCacheEntry& entry : answer.entries) {
    table.add({{entry.name},
               {entry.type},
               {entry.status, colour_of(entry)},
               {entry.security, entry.security == "bogus" ? Colour::red : Colour::none},
               {fmt::format("{}", entry.ttl_s)},
               {joined(entry.records)}});
  }
  std::string out = table.to_string(colour);
  // Only of the whole cache is the total known.
  if (options.name.empty() && answer.entries.size() < answer.entries_total) {
    out += fmt::format("{} of {} entries shown\n", answer.entries.size(), answer.entries_total);
  }
  return out;
}

int list(const CacheOptions& options, const control::Client& client, bool colour) {
  constexpr uint32_t kLimitMax = 100'000;  // of the control socket
  const uint32_t limit = options.limit == 0 ? kLimitMax : options.limit;
  const auto answer = client.dns_cache({.name = options.name, .limit = limit});
  if (!answer) return report(answer.error());
  fmt::print("{}", options.json ? control::encode(*answer) : describe(*answer, options, colour));
  return exit_ok;
}

int flush(const CacheOptions& options, const control::Client& client) {
  const auto answer = client.dns_flush({.name = options.name});
  if (!answer) return report(answer.error());
  if (options.json) {
    fmt::print("{}\n", control::encode(*answer));
  } else {
    fmt::print("{} {} forgotten\n", answer->entries_removed,
               answer->entries_removed == 1 ? "answer" : "answers");
  }
  return exit_ok;
}

using Act = int (*)(const CacheOptions& options, const control::Client& client, bool colour);

CLI::App* add_act(CLI::App& verb, const std::string& name, const std::string& help,
                  const std::shared_ptr<CacheOptions>& options, Context& context, Act act) {
  CLI::App* sub = verb.add_subcommand(name, help);
  sub->add_option("name", options->name, "This name and those below; default: all")->type_name("NAME");
  make_ask(*sub, options, context, act, "One JSON object a line");
  return sub;
}
}  // namespace

void add_cache(CLI::App& app, Context& context) {
  const auto options = std::make_shared<CacheOptions>();
  CLI::App* verb = app.add_subcommand("cache", "What the running router remembers of the DNS");
  verb->require_subcommand(1);
  CLI::App* shown = add_act(*verb, "list", "The answers, with the seconds that they are still good for",
                            options, context, list);
  shown->add_option("--limit", options->limit, "Rows at most; 0: as many as one answer holds (100,000)")
      ->capture_default_str();
  add_act(*verb, "flush", "Forget the answers: the next question goes to the network", options, context,
          [](const CacheOptions& all, const control::Client& client, bool) { return flush(all, client); });
}

}  // namespace waybill::cli
