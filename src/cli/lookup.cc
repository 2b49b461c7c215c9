// lookup.cc: `waybill lookup DOMAIN…` and `--input FILE`: who receives mail for it.
#include <memory>

#include "cli/bulk_input.h"
#include "cli/bulk_lookup.h"
#include "cli/dns_options.h"
#include "cli/lookup_print.h"
#include "cli/verbs.h"
#include "resolve/stub_resolver.h"

namespace waybill::cli {
namespace {
/// Domains whose questions are under way together; more wait their turn.
constexpr size_t kAtOnceMax = 64;

struct LookupOptions {
  std::vector<std::string> domains;
  LookupFormat format = LookupFormat::table;
  bool json = false;
  bool brief = false;
  bool no_ptr = false;
  bool format_given = false;
  bool direct = false;
  bool validate = false;
  BulkOptions bulk;
  DnsOptions dns;
};

route::AskPtr ask_ptr(const LookupOptions& options, LookupFormat format) {
  const bool shown = !options.brief && (format == LookupFormat::table || format == LookupFormat::json);
  return shown && !options.no_ptr ? route::AskPtr::yes : route::AskPtr::no;
}

Result<std::unique_ptr<dns::Resolver>> open_for(const LookupOptions& options) {
  if (!options.direct) return open_resolver(options.dns);
  auto how = to_resolve_options(options.dns);
  if (!how) return pass(how.error());
  static const SystemClock clock;  // the resolver keeps it
  auto stack = resolve::make_direct_stack(*how, {}, clock);
  if (!stack) return pass(stack.error());
  return std::unique_ptr<dns::Resolver>(std::move(*stack));
}

/// What of the words does not go together; empty: all does.
std::string_view contradiction(const LookupOptions& options, LookupFormat format) {
  const BulkOptions& bulk = options.bulk;
  const bool is_bulk = !bulk.input.empty();
  if (is_bulk != options.domains.empty()) return "name the domains, or give --input FILE: one of both";
  if (!is_bulk && (!bulk.output.empty() || bulk.resume || bulk.per_second_max > 0))
    return "--output, --resume and --rate belong to --input";
  if (bulk.resume && bulk.output.empty()) return "--resume needs --output FILE, which it goes on with";
  if (!bulk.output.empty() && format != LookupFormat::json)
    return "--output takes JSON lines only: leave --format out";
  const bool checks = options.validate || !options.dns.trust_anchors.empty();
  if (options.direct && checks)
    return "--direct does not validate: leave it out, or --validate and --trust-anchor";
  if (bulk.per_second_max > 0 && !options.direct && (checks || options.dns.servers.empty()))
    return "--rate needs --server or --direct: who asks from the root down has no server to spare";
  return {};
}

int run_many(const LookupOptions& options, LookupFormat format, const Context& context) {
  BulkOptions bulk = options.bulk;
  bulk.format = format;
  bulk.length = options.brief ? Length::brief : Length::full;
  bulk.ask_ptr = ask_ptr(options, format);
  bulk.dns = options.dns;
  const bool checks = options.validate || !options.dns.trust_anchors.empty();
  bulk.direct = options.direct || (!options.dns.servers.empty() && !checks);
  return run_bulk(bulk, context);
}

int run(const LookupOptions& options, const Context& context) {
  const bool is_bulk = !options.bulk.input.empty();
  const LookupFormat format = options.json || (is_bulk && !options.format_given && !options.brief)
                                  ? LookupFormat::json
                                  : options.format;
  if (const auto wrong = contradiction(options, format); !wrong.empty()) return complain(wrong), exit_usage;
  if (is_bulk) return run_many(options, format, context);
  int code = exit_ok;
  std::vector<mail::Domain> domains;
  for (const std::string& text : options.domains) {
    auto domain = parse_domain(text);
    if (domain) {
      domains.push_back(std::move(*domain));
      continue;
    }
    complain(domain.error().what);
    code = exit_usage;
  }
  if (domains.empty()) return code;
  auto resolver = open_for(options);
  if (!resolver) {
    complain(resolver.error().what);
    return exit_usage;
  }
  for (size_t at = 0; at < domains.size(); at += kAtOnceMax) {
    const auto first = domains.begin() + static_cast<ptrdiff_t>(at);
    const auto last = domains.begin() + static_cast<ptrdiff_t>(std::min(domains.size(), at + kAtOnceMax));
    for (const route::Survey& survey :
         route::survey_blocking({first, last}, ask_ptr(options, format), **resolver)) {
      print_text(to_text(survey, format, options.brief ? Length::brief : Length::full,
                         context.colour ? Paint::on : Paint::off));
      code = worse_exit(code, exit_of(survey));
    }
  }
  return code;
}

void add_bulk_options(CLI::App& verb, LookupOptions& options) {
  BulkOptions& bulk = options.bulk;
  const auto* group = "Many names";
  verb.add_option("--input", bulk.input,
                  "Names from this file, one a line; - is stdin. Prints JSON lines in that order")
      ->type_name("FILE|-")
      ->group(group);
  verb.add_option("--output", bulk.output, "Write there instead of stdout; the file must be new")
      ->type_name("FILE")
      ->group(group);
  verb.add_flag("--resume", bulk.resume, "Go on where that file ends: its names are not looked up again")
      ->group(group);
  verb.add_option("--concurrency", bulk.concurrency,
                  "Names under way together, and questions to one server, at most")
      ->check(CLI::Range(1, 65'535))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
  verb.add_option("--rate", bulk.per_second_max, "Queries a second to each server, at most")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group(group);
  verb.add_flag("--validate", options.validate, "Check DNSSEC of many names too, where --server would not")
      ->group(group);
}
}  // namespace

void add_lookup(CLI::App& app, Context& context) {
  const auto options = std::make_shared<LookupOptions>();
  CLI::App* verb =
      app.add_subcommand("lookup", "Who receives mail for a domain: hosts, addresses, reverse DNS, DNSSEC");
  verb->add_option("domain", options->domains, "Domains to look up")->type_name("DOMAIN");
  const std::map<std::string, LookupFormat> formats{{"table", LookupFormat::table},
                                                    {"host", LookupFormat::host},
                                                    {"dig", LookupFormat::dig},
                                                    {"json", LookupFormat::json}};
  verb->add_option("--format", options->format, "table, host, dig or json")
      ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case).description(""))
      ->type_name("FORMAT");
  verb->add_flag("--json", options->json, "One JSON object a line, as --format json");
  verb->add_flag("--short", options->brief, "Preference and host only");
  verb->add_flag("--no-ptr", options->no_ptr, "Leave the reverse DNS out");
  verb->add_flag("--direct", options->direct,
                 "Ask the servers by the lean client, which does not validate; those of /etc/resolv.conf "
                 "without --server")
      ->group("DNS");
  add_bulk_options(*verb, *options);
  add_dns_options(*verb, options->dns);
  verb->callback([options, verb, &context] {
    options->format_given = verb->count("--format") > 0;
    context.exit_code = run(*options, context);
  });
}

}  // namespace waybill::cli
