// records.cc: `waybill records --config FILE`: what to publish in the DNS for this configuration, and with
// --live what of it is there.
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "cli/dns_options.h"
#include "cli/records_print.h"
#include "cli/verbs.h"
#include "daemon/from_config.h"
#include "route/gather.h"
#include "route/inbox.h"

namespace waybill::cli {
namespace {
struct RecordsVerb {
  std::string config_path;
  RecordsFormat format = RecordsFormat::zone;
  bool json = false;
  bool live = false;
  std::vector<std::string> addresses;
  std::string ttl = "1h";
  RecordsOptions options;
  DnsOptions dns;
};

/// All side by side; every question has its answer, a failed one at worst.
dns::Facts ask_all(const std::vector<dns::Question>& questions, dns::Resolver& resolver) {
  const auto inbox = std::make_shared<route::Inbox>();
  dns::Facts facts;
  size_t left = questions.size();
  const dns::Ask ask =
      route::ask_through(resolver, [inbox](std::function<void()> job) { inbox->post(std::move(job)); });
  for (const dns::Question& question : questions) {
    ask(question, [&facts, &left, question](dns::Answer answer) {
      facts.put(question, std::move(answer));
      --left;
    });
  }
  while (left > 0) inbox->run_one();
  return facts;
}

Result<RecordsOptions> read_options(const RecordsVerb& verb) {
  RecordsOptions out = verb.options;
  for (const std::string& text : verb.addresses) {
    const auto ip = IpAddress::parse(text);
    if (!ip) return fail(Errc::invalid, "--address '{}' is no IP address", printable(text, 60));
    out.addresses.push_back(*ip);
  }
  const auto ttl = parse_duration(verb.ttl);
  if (!ttl) return pass(ttl.error(), "--ttl");
  const auto seconds = std::chrono::floor<Seconds>(*ttl).count();
  // RFC 2181 8: 31 bits.
  if (seconds < 1 || seconds > INT32_MAX) return fail(Errc::invalid, "--ttl: 1s to 68 years");
  out.ttl_s = static_cast<uint32_t>(seconds);
  return out;
}

int run(const RecordsVerb& verb, const Context& context) {
  const auto loaded = config::load(verb.config_path.empty() ? config::default_path() : verb.config_path);
  if (!loaded) {
    for (const config::Located& error : loaded.error()) complain(error.to_string());
    return exit_usage;
  }
  const auto options = read_options(verb);
  if (!options) {
    complain(options.error().what);
    return exit_usage;
  }
  auto before = questions_before(*loaded);
  std::unique_ptr<dns::Resolver> resolver;
  if (verb.live || !before.empty()) {
    auto opened = open_resolver(verb.dns, daemon::resolver_options(*loaded));
    if (!opened) {
      complain(opened.error().what);
      return exit_usage;
    }
    resolver = std::move(*opened);
  }
  auto plan = plan_records(*loaded, *options, resolver ? ask_all(before, *resolver) : dns::Facts{});
  if (!plan) {
    complain(plan.error().what);
    return exit_usage;
  }
  if (verb.live) compare_with(ask_all(questions_of(*plan), *resolver), *plan);
  const RecordsFormat format = verb.json ? RecordsFormat::json : verb.format;
  print_text(to_text(*plan, format, context.colour ? Paint::on : Paint::off));
  if (format == RecordsFormat::tsv) {  // its lines are records alone
    for (const std::string& note : plan->notes) complain(note);
  }
  return exit_of(*plan);
}
}  // namespace

void add_records(CLI::App& app, Context& context) {
  const auto options = std::make_shared<RecordsVerb>();
  CLI::App* verb = app.add_subcommand("records", "What to publish in the DNS for a configuration, and why");
  verb->add_option("--config", options->config_path, "The configuration")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  const std::map<std::string, RecordsFormat> formats{{"zone", RecordsFormat::zone},
                                                     {"tsv", RecordsFormat::tsv},
                                                     {"json", RecordsFormat::json},
                                                     {"nsupdate", RecordsFormat::nsupdate},
                                                     {"webui", RecordsFormat::webui}};
  verb->add_option("--format", options->format, "zone, tsv, json, nsupdate or webui")
      ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case).description(""))
      ->type_name("FORMAT");
  verb->add_flag("--json", options->json, "The same as --format json");
  verb->add_flag("--live", options->live, "Mark each as present, differing, missing or unknown");
  verb->add_option("--address", options->addresses,
                   "A public address of this host, instead of the listeners' (repeatable)")
      ->type_name("ADDR")
      ->allow_extra_args(false);
  verb->add_option("--preference", options->options.preference,
                   "Of the MX records, instead of 10 or the backup's place")
      ->type_name("NUMBER")
      ->check(CLI::Range(0, 65535));
  verb->add_option("--ttl", options->ttl, "Of all records")->type_name("TIME")->capture_default_str();
  verb->add_flag("--allow-loopback", options->options.allow_loopback,
                 "A lab: addresses on loopback are real");
  add_dns_options(*verb, options->dns);
  verb->callback([options, &context] { context.exit_code = run(*options, context); });
}

}  // namespace waybill::cli
