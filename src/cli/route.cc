// route.cc: `waybill route ADDRESS…`: the attempts that a sender would make, in order, with the reasons. With
// --config as the daemon of that configuration would make them, else as a host with no rules of its own.
#include <memory>
#include <optional>
#include <random>

#include "base/bytes.h"
#include "cli/dns_options.h"
#include "cli/route_diff.h"
#include "cli/route_print.h"
#include "cli/verbs.h"
#include "cli/what_if.h"
#include "daemon/from_config.h"
#include "daemon/lab.h"
#include "daemon/local_mail.h"
#include "daemon/own_self.h"
#include "daemon/routes.h"
#include "route/gather.h"
#include "route/table.h"

namespace waybill::cli {
namespace {
struct RouteOptions {
  std::vector<std::string> recipients;
  std::vector<std::string> down;
  std::vector<std::string> self;
  std::string config_path;
  std::string via;
  std::string sender;  ///< as given; see `sender_given`
  std::string listener;
  bool sender_given = false;
  std::optional<uint64_t> seed;
  uint16_t port = 0;  ///< 0: the configured one, else 25
  bool json = false;
  bool diff = false;
  bool backup = false;
  bool allow_loopback = false;
  DnsOptions dns;
};

/// All that is the same for every recipient.
struct Setup {
  std::optional<config::Config> config;
  route::RouteTable table;
  std::optional<route::Way> via;
  std::optional<mail::ReversePath> sender;  ///< none: not told
  std::string listener;
  route::Request base;
  std::vector<daemon::Lab> labs;  ///< the configuration's and the command line's
  daemon::LocalMail local;        ///< whose mail ends here
};

struct Recipient {
  std::string text;
  std::string local;  ///< empty: a bare domain was given
  mail::Domain domain;
};

/// An address, or a bare domain or literal; CLI11 takes the brackets off "[192.0.2.1]".
Result<Recipient> parse_recipient(const std::string& text) {
  if (const auto ip = IpAddress::parse(text)) return Recipient{text, "", mail::Domain::literal(*ip)};
  if (text.find('@') == std::string::npos) {
    auto domain = mail::Domain::parse(text);
    if (!domain) return pass(domain.error());
    return Recipient{text, "", std::move(*domain)};
  }
  auto address = mail::Address::parse(text);
  if (!address) return pass(address.error());
  return Recipient{text, std::move(address->local), std::move(address->domain)};
}

std::unexpected<Error> all_of(const config::Errors& errors) {
  std::string all;
  for (const config::Located& error : errors) {
    if (!all.empty()) all += '\n';
    all += error.to_string();
  }
  return fail(Errc::invalid, "{}", all);
}

Status apply_config(const std::string& path, Setup& setup) {
  auto loaded = config::load(path);
  if (!loaded) return all_of(loaded.error());
  auto listed = config::load_recipients(*loaded, path);
  if (!listed) return all_of(listed.error());
  static const SystemClock clock;
  setup.local = daemon::LocalMail(*loaded, std::move(*listed), clock);
  setup.config = std::move(*loaded);
  const config::Config& config = *setup.config;
  std::vector<Endpoint> listening;
  for (const config::Listener& listener : config.listeners) listening.push_back(listener.address);
  setup.base.self = daemon::own_self(config, listening);
  setup.base.options.port = config.deliver.port;
  setup.labs.emplace_back(config, daemon::read_overlay(config.dns.zones));
  auto table = daemon::route_table(config);
  if (!table) return pass(table.error());
  setup.table = std::move(*table);
  return {};
}

/// Who sends it and where it came in: what the conditions of routes ask for.
Status apply_conditions(const RouteOptions& options, Setup& setup) {
  if (options.sender_given) {
    if (options.sender.empty() || options.sender == "<>") {
      setup.sender = mail::ReversePath{};
    } else {
      auto sender = mail::Address::parse(options.sender);
      if (!sender) return pass(sender.error(), "--sender");
      setup.sender = std::move(*sender);
    }
  }
  if (options.listener.empty()) return {};
  const auto pattern = mail::ListenerPattern::parse(options.listener);
  if (!pattern) return pass(pattern.error(), "--listener");
  setup.listener = pattern->to_string();
  if (!pattern->is_address()) return {};
  // The daemon knows the role that belongs to the address.
  if (setup.config) {
    for (const config::Listener& one : setup.config->listeners) {
      if (one.address.to_string() != setup.listener) continue;
      setup.listener = fmt::format("{} {}", config::to_string(one.role), setup.listener);
      return {};
    }
  }
  return fail(Errc::invalid, "--listener: the configuration has no listener {}", options.listener);
}

Result<Setup> prepare(const RouteOptions& options) {
  Setup setup;
  if (!options.config_path.empty()) {
    if (auto applied = apply_config(options.config_path, setup); !applied) return pass(applied.error());
  }
  if (!options.self.empty()) setup.base.self = {};  // what-if: somebody else's point of view
  if (auto added = add_self(options.self, setup.base.self); !added) return pass(added.error());
  if (auto added = add_down(options.down, setup.base); !added) return pass(added.error());
  if (!options.via.empty()) {
    auto via = route::Way::parse(options.via);
    if (!via) return pass(via.error());
    setup.via = std::move(*via);
  }
  if (auto told = apply_conditions(options, setup); !told) return pass(told.error());
  if (options.port != 0) setup.base.options.port = options.port;
  // The router itself would take --zone and --server for the settings of a lab.
  const auto dns = to_resolve_options(options.dns);
  if (!dns) return pass(dns.error());
  setup.labs.emplace_back(setup.base.options.port, dns->servers, daemon::read_overlay(dns->zones));
  if (options.allow_loopback) setup.base.options.reserved = route::Reserved::allow;
  if (options.backup) setup.base.role = route::Role::backup;
  setup.base.seed = options.seed ? *options.seed : std::random_device{}();
  return setup;
}

/// The planner knows a route, not where it comes from.
void say_whose_route(route::Plan& plan) {
  constexpr std::string_view kTable = "The route table sends";
  for (route::Reason& step : plan.steps) {
    if (step.rule == "route.static" && step.text.starts_with(kTable))
      step.text.replace(0, kTable.size(), "--via sends");
  }
}

/// Who receives it instead, or the refusal; false: it has a mailbox of its own.
bool expand_into(route::Plan& plan, const daemon::LocalMail& local, const mail::Address& address) {
  const auto expansion = local.recipients().expand(address);
  for (const auto& step : expansion.steps) {
    plan.steps.push_back({"local.alias", "RFC 5321 3.9.1",
                          fmt::format("{} stands for {}.", step.from, mail::describe(step.to))});
  }
  for (const mail::Address& lost : expansion.nowhere) {
    plan.steps.push_back(
        {"local.nowhere", "", fmt::format("Nobody has the name {}: it is left out.", lost.to_string())});
  }
  if (expansion.accepted()) {
    plan.decision = route::Verdict::deliver;
    plan.reason = fmt::format("{} receive{} it: {}", expansion.to.size() == 1 ? "another" : "others",
                              expansion.to.size() == 1 ? "s" : "", mail::describe(expansion.to));
    return !expansion.steps.empty();
  }
  const mail::Reply& refusal = *expansion.refusal;
  plan.decision = refusal.permanent() ? route::Verdict::bounce : route::Verdict::defer;
  plan.why = route::Why::no_mail;
  plan.code = refusal.code;
  plan.enhanced = refusal.enhanced;
  plan.reason =
      refusal.permanent() ? fmt::format("{} has no such user", address.domain.text()) : refusal.text;
  if (refusal.permanent()) {
    plan.steps.push_back(
        {"local.no-user", "RFC 5321 3.3",
         "This configuration is the domain's final destination, and knows nobody of this name: "
         "refused in the dialogue."});
  } else {
    plan.why = route::Why::bad_route;
    plan.steps.push_back(
        {"local.fault", "",
         "That is a fault of the aliases, and no reason to lose mail: refused for now in the "
         "dialogue, until it is repaired."});
  }
  return true;
}

/// Mail for a domain that ends here has no route; the plan says so in the same shape.
std::optional<route::Plan> local_plan(const Setup& setup, const Recipient& recipient) {
  if (!setup.config) return std::nullopt;
  const config::Domain* domain = setup.config->find_domain(recipient.domain);
  if (domain == nullptr || domain->role != config::DomainRole::primary) return std::nullopt;
  route::Plan plan;
  plan.source = route::HostSource::route;
  plan.why = route::Why::ok;
  const std::string name = recipient.domain.text();
  if (!recipient.local.empty() && expand_into(plan, setup.local, {recipient.local, recipient.domain}))
    return plan;
  plan.decision = route::Verdict::deliver;
  const std::string where = domain->mailboxes ? domain->mailboxes->to_string() : "no mailboxes";
  plan.reason = fmt::format("final destination: {}", where);
  plan.steps.push_back(
      {"local.primary", "", fmt::format("This configuration is {}'s final destination.", name)});
  return plan;
}

route::Request request_for(const Setup& setup, const Recipient& recipient) {
  route::Request request = setup.base;
  request.domain = recipient.domain;
  for (const daemon::Lab& lab : setup.labs) {
    if (lab.reserved(recipient.domain) == route::Reserved::allow)
      request.options.reserved = route::Reserved::allow;
  }
  if (setup.config) {
    const config::Domain* known = setup.config->find_domain(recipient.domain);
    if (known != nullptr && known->role == config::DomainRole::backup) request.role = route::Role::backup;
  }
  return request;
}

route::Query query_for(const Setup& setup, const route::Request& request) {
  return {.domain = request.domain, .role = request.role, .sender = setup.sender, .listener = setup.listener};
}

route::Gathered plan_for(const Setup& setup, const Recipient& recipient, dns::Resolver& resolver) {
  route::Gathered out;
  if (auto local = local_plan(setup, recipient)) {
    out.plan = std::move(*local);
  } else {
    route::Request request = request_for(setup, recipient);
    const route::Query query = query_for(setup, request);
    const route::Choice choice = setup.via ? route::Choice{} : setup.table.choose(query);
    request.way = setup.via ? *setup.via : choice.way;
    out = route::gather_facts_blocking(request, resolver);
    if (!setup.via && setup.config) route::explain(choice, query, out.plan);
  }
  if (setup.via) say_whose_route(out.plan);
  return out;
}

/// What --diff compares with: the same question without the what-ifs of the command line. Where --zone is the
/// only one, the DNS as it is.
struct Usual {
  Setup setup;
  std::unique_ptr<dns::Resolver> resolver;  ///< none: the same as for the question itself
};

Result<Usual> open_usual(const RouteOptions& options, const Setup& asked) {
  RouteOptions plain = options;
  plain.down.clear();
  plain.self.clear();
  plain.via.clear();
  plain.backup = false;
  plain.sender.clear();
  plain.sender_given = false;
  plain.listener.clear();
  plain.seed = asked.base.seed;  // equals in one order
  const bool same = options.down.empty() && options.self.empty() && options.via.empty() && !options.backup &&
                    !options.sender_given && options.listener.empty();
  if (same && options.dns.zones.empty())
    return fail(
        Errc::invalid,
        "--diff wants something to differ: --down, --self, --backup, --via, --sender, --listener or --zone");
  if (same) plain.dns.zones.clear();
  auto setup = prepare(plain);
  if (!setup) return pass(setup.error());
  Usual out{.setup = std::move(*setup), .resolver = nullptr};
  if (!same) return out;
  auto resolver = open_resolver(
      plain.dns, out.setup.config ? daemon::resolver_options(*out.setup.config) : resolve::Options{});
  if (!resolver) return pass(resolver.error());
  out.resolver = std::move(*resolver);
  return out;
}

int run(const RouteOptions& options, const Context& context) {
  int code = exit_ok;
  std::vector<Recipient> recipients;
  for (const std::string& text : options.recipients) {
    auto recipient = parse_recipient(text);
    if (recipient) {
      recipients.push_back(std::move(*recipient));
      continue;
    }
    complain(recipient.error().what);
    code = exit_usage;
  }
  if (recipients.empty()) return code;
  const auto setup = prepare(options);
  if (!setup) {
    complain(setup.error().what);
    return exit_usage;
  }
  auto resolver = open_resolver(
      options.dns, setup->config ? daemon::resolver_options(*setup->config) : resolve::Options{});
  if (!resolver) {
    complain(resolver.error().what);
    return exit_usage;
  }
  const Paint paint = context.colour ? Paint::on : Paint::off;
  std::optional<Usual> usual;
  if (options.diff) {
    auto opened = open_usual(options, *setup);
    if (!opened) {
      complain(opened.error().what);
      return exit_usage;
    }
    usual = std::move(*opened);
  }
  for (const Recipient& recipient : recipients) {
    const route::Gathered found = plan_for(*setup, recipient, **resolver);
    code = worse_exit(code, exit_of(found.plan));
    if (usual) {
      dns::Resolver& asked = usual->resolver ? *usual->resolver : **resolver;
      const route::Gathered before = plan_for(usual->setup, recipient, asked);
      const PlanDiff diff = diff_plans(before.plan, found.plan);
      print_text(options.json ? diff_json(recipient.text, diff) : diff_text(recipient.text, diff, paint));
      continue;
    }
    const Explained more{.notes = what_if_notes(options.down, options.self, found.plan),
                         .facts = &found.facts};
    print_text(options.json ? plan_json(recipient.text, found.plan, more)
                            : plan_text(recipient.text, found.plan, paint, more));
  }
  return code;
}
}  // namespace

void add_route(CLI::App& app, Context& context) {
  const auto options = std::make_shared<RouteOptions>();
  CLI::App* verb = app.add_subcommand("route", "The attempts a sender would make, in order, and why");
  verb->add_option("address", options->recipients, "Addresses, or bare domains")
      ->required()
      ->type_name("ADDRESS");
  verb->add_flag("--json", options->json, "One JSON object a line");
  verb->add_flag("--diff", options->diff,
                 "Only what changes by --down, --self, --backup, --via (or by --zone)");
  verb->add_option("--config", options->config_path, "As the daemon with this configuration would")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  verb->add_option("--down", options->down,
                   "What if this host, address or network were unreachable (repeatable)")
      ->type_name("HOST|NETWORK")
      ->allow_extra_args(false);
  verb->add_option("--self", options->self, "What if the sender were this host or address (repeatable)")
      ->type_name("HOST")
      ->allow_extra_args(false);
  verb->add_flag("--backup", options->backup, "The sender is a backup MX: better hosts only");
  verb->add_option("--via", options->via,
                   "A route instead of the table's: mx, host, [host]:port, or several with commas")
      ->type_name("ROUTE");
  verb->add_option_function<std::string>(
          "--sender",
          [options](const std::string& text) {
            options->sender = text;
            options->sender_given = true;
          },
          "Who sends it, for routes that ask: an address, or \"<>\"")
      ->type_name("ADDRESS");
  verb->add_option("--listener", options->listener,
                   "Where it came in, for routes that ask: a role such as submission, or an address")
      ->type_name("LISTENER");
  verb->add_option("--port", options->port, "Port of the hosts")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535));
  verb->add_option("--seed", options->seed, "Order equals by this number, to see the same order again")
      ->type_name("NUMBER");
  verb->add_flag("--allow-loopback", options->allow_loopback, "A lab: hosts on loopback are real");
  add_dns_options(*verb, options->dns);
  verb->callback([options, &context] { context.exit_code = run(*options, context); });
}

}  // namespace waybill::cli
