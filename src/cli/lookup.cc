// lookup.cc: `waybill lookup DOMAIN…`: who receives mail for it.
#include <memory>

#include "cli/dns_options.h"
#include "cli/lookup_print.h"
#include "cli/verbs.h"

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
  DnsOptions dns;
};

/// What was typed, or why it is no domain. A final dot is how DNS people write names; here it does no harm.
Result<mail::Domain> parse_domain(std::string text) {
  if (text.size() > 1 && text.ends_with('.')) text.pop_back();
  auto domain = mail::Domain::parse(text);
  // CLI11 takes the brackets off "[192.0.2.1]", so a bare address is looked for as well.
  if (IpAddress::parse(text) || (domain && domain->is_literal())) {
    return fail(Errc::invalid, "'{}' is an address: there is nothing to look up", text);
  }
  return domain;
}

int run(const LookupOptions& options, const Context& context) {
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
  auto resolver = open_resolver(options.dns);
  if (!resolver) {
    complain(resolver.error().what);
    return exit_usage;
  }
  const LookupFormat format = options.json ? LookupFormat::json : options.format;
  const bool needs_ptr =
      !options.no_ptr && !options.brief && (format == LookupFormat::table || format == LookupFormat::json);
  const auto ask_ptr = needs_ptr ? route::AskPtr::yes : route::AskPtr::no;
  for (size_t at = 0; at < domains.size(); at += kAtOnceMax) {
    const auto first = domains.begin() + static_cast<ptrdiff_t>(at);
    const auto last = domains.begin() + static_cast<ptrdiff_t>(std::min(domains.size(), at + kAtOnceMax));
    for (const route::Survey& survey : route::survey_blocking({first, last}, ask_ptr, **resolver)) {
      print_text(to_text(survey, format, options.brief ? Length::brief : Length::full,
                         context.colour ? Paint::on : Paint::off));
      code = worse_exit(code, exit_of(survey));
    }
  }
  return code;
}
}  // namespace

void add_lookup(CLI::App& app, Context& context) {
  const auto options = std::make_shared<LookupOptions>();
  CLI::App* verb =
      app.add_subcommand("lookup", "Who receives mail for a domain: hosts, addresses, reverse DNS, DNSSEC");
  verb->add_option("domain", options->domains, "Domains to look up")->required()->type_name("DOMAIN");
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
  add_dns_options(*verb, options->dns);
  verb->callback([options, &context] { context.exit_code = run(*options, context); });
}

}  // namespace waybill::cli
