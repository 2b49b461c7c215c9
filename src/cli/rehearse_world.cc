#include "cli/rehearse_world.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/bytes.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/what_if.h"
#include "daemon/from_config.h"
#include "daemon/lab.h"
#include "daemon/own_self.h"
#include "daemon/routes.h"
#include "route/gather.h"
#include "route/inbox.h"

namespace waybill::cli {
namespace {
constexpr Millis kSpanMax = std::chrono::days(30);
/// Nobody's domain (RFC 2606 2): where reports to senders go, and an address out of the documentation's.
constexpr const char* kSenders = "senders.invalid";
constexpr const char* kSendersAddress = "2001:db8:ffff:ffff::1";

std::unexpected<NoWorld> no_world(std::string why, int code = exit_usage) {
  return std::unexpected(NoWorld{std::move(why), code});
}

/// The sender whose mail this is: a host with no rules of its own, or the daemon of a configuration.
struct Sender {
  std::optional<config::Config> config;
  std::vector<daemon::Lab> labs;
  resolve::Options resolver;
};

Status apply_config(const std::string& path, Sender& sender, rehearse::Scenario& scenario) {
  auto loaded = config::load(path);
  if (!loaded) {
    std::vector<std::string> all;
    for (const config::Located& error : loaded.error()) all.push_back(error.to_string());
    return fail(Errc::invalid, "{}", fmt::join(all, "\n"));
  }
  const config::Config& config = sender.config.emplace(std::move(*loaded));
  std::vector<Endpoint> listening;
  for (const config::Listener& listener : config.listeners) listening.push_back(listener.address);
  scenario.hostname = config.hostname.text();
  scenario.self = daemon::own_self(config, listening);
  scenario.schedule = daemon::retry_schedule(config);
  scenario.deliver = daemon::delivery_settings(config);
  scenario.limits = daemon::scheduler_limits(config);
  scenario.route_options.port = config.deliver.port;
  auto routes = daemon::route_table(config);
  if (!routes) return pass(routes.error());
  scenario.routes = std::move(*routes);
  for (const config::Domain& domain : config.domains) {
    if (domain.role == config::DomainRole::backup) scenario.backup_domains.push_back(domain.name.text());
    if (domain.rate_max > 0) scenario.rate_max[domain.name.text()] = domain.rate_max;
  }
  sender.labs.emplace_back(config, daemon::read_overlay(config.dns.zones));
  sender.resolver = daemon::resolver_options(config);
  return {};
}

Status apply_self(const WorldOptions& options, rehearse::Scenario& scenario) {
  if (options.self.empty()) return {};
  scenario.self = {};
  if (Status added = add_self(options.self, scenario.self); !added) return added;
  if (!scenario.self.names.empty()) scenario.hostname = scenario.self.names.front().to_string();
  return {};
}

Result<std::vector<mail::Domain>> parse_domains(const WorldOptions& options, const Sender& sender) {
  std::vector<mail::Domain> out;
  for (const std::string& text : options.domains) {
    auto domain =
        mail::Domain::parse(text.size() > 1 && text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
    // CLI11 takes the brackets off "[192.0.2.1]".
    if (IpAddress::parse(text) || (domain && domain->is_literal()))
      return fail(Errc::invalid, "'{}' is an address, no domain", printable(text, 80));
    if (!domain) return pass(domain.error());
    const config::Domain* known = sender.config ? sender.config->find_domain(*domain) : nullptr;
    if (known != nullptr && known->role == config::DomainRole::primary)
      return fail(Errc::invalid,
                  "{} ends at this configuration: there is no way to rehearse; leave out --config to see "
                  "what other senders meet",
                  domain->text());
    if (std::ranges::find(out, *domain) == out.end()) out.push_back(std::move(*domain));
  }
  return out;
}

route::Request request_for(const mail::Domain& domain, const rehearse::Scenario& scenario) {
  route::Request request;
  request.domain = domain;
  request.self = scenario.self;
  const bool backup =
      std::ranges::find(scenario.backup_domains, domain.text()) != scenario.backup_domains.end();
  request.role = backup ? route::Role::backup : route::Role::foreign;
  // The senders of a rehearsal are kSenders', who come in by no listener.
  request.way = scenario.routes
                    .choose({.domain = domain,
                             .role = request.role,
                             .sender = mail::Address::parse(fmt::format("sender@{}", kSenders)).value(),
                             .listener = {}})
                    .way;
  request.options = scenario.route_options;
  request.seed = scenario.seed;
  return request;
}

/// All domains side by side; none: our own decision asked without end.
std::vector<std::optional<rehearse::Surveyed>> survey_all(const std::vector<mail::Domain>& domains,
                                                          const rehearse::Scenario& scenario,
                                                          dns::Resolver& resolver) {
  using Deciding = Decision<rehearse::Surveyed, dns::Question, dns::Answer>;
  const auto inbox = std::make_shared<route::Inbox>();
  std::vector<std::optional<rehearse::Surveyed>> out(domains.size());
  size_t left = domains.size();
  for (size_t n = 0; n < domains.size(); ++n) {
    Deciding::run(
        [request = request_for(domains[n], scenario)](const dns::Facts& facts) {
          return rehearse::survey_world(request, facts);
        },
        route::ask_through(resolver, [inbox](std::function<void()> job) { inbox->post(std::move(job)); }),
        [&out, &left, n](const rehearse::Surveyed* surveyed, const dns::Facts&) {
          if (surveyed != nullptr) out[n] = *surveyed;
          --left;
        });
  }
  while (left > 0) inbox->run_one();
  return out;
}

void add_senders(rehearse::Scenario& scenario) {
  rehearse::Host host;
  host.label = kSenders;
  host.of_senders = true;
  host.name = *dns::Name::parse(kSenders);
  host.addresses.push_back(*IpAddress::parse(kSendersAddress));
  scenario.hosts.push_back(std::move(host));
}

Status add_load(const WorldOptions& options, World& world) {
  const auto between = parse_rate(options.rate);
  if (!between) return pass(between.error());
  const auto span = parse_duration(options.span);
  if (!span) return pass(span.error(), "--for");
  if (*span <= Millis{0} || *span > kSpanMax)
    return fail(Errc::invalid, "--for: more than nothing, 30d at most");
  const auto size = parse_message_size(options.size);
  if (!size) return pass(size.error());
  world.messages = std::max<uint64_t>(1, static_cast<uint64_t>(std::chrono::nanoseconds(*span) / *between));
  if (world.messages > kMessagesMax)
    return fail(Errc::invalid,
                "{} for {} are {} messages; a rehearsal takes {} at most: lower --rate or --for",
                options.rate, options.span, world.messages, kMessagesMax);
  // Domains take turns: one message each, then the next.
  const size_t domains = world.domains.size();
  for (size_t n = 0; n < domains; ++n) {
    rehearse::Injection one;
    one.from = fmt::format("sender@{}", kSenders);
    one.to = {fmt::format("u{{n}}@{}", world.domains[n])};
    one.size_octets = *size;
    one.at = std::chrono::floor<Millis>(*between * static_cast<int64_t>(n));
    one.every = *between * static_cast<int64_t>(domains);
    one.count = (world.messages + domains - 1 - n) / domains;
    if (one.count > 0) world.scenario.injections.push_back(std::move(one));
  }
  world.load = fmt::format("{} for {}, {} each", options.rate, options.span, human_size(*size));
  return {};
}

Status add_troubles(const WorldOptions& options, World& world) {
  using What = rehearse::Behaviour::What;
  std::vector<Result<Trouble>> all;
  for (const std::string& text : options.down) all.push_back(parse_trouble("--down", What::down, text));
  for (const std::string& text : options.silent) all.push_back(parse_trouble("--silent", What::silent, text));
  for (const std::string& text : options.slow) all.push_back(parse_slow(text));
  for (const std::string& text : options.does) all.push_back(parse_does(text));
  for (const Result<Trouble>& trouble : all) {
    if (!trouble) return pass(trouble.error());
    if (Status applied = apply_trouble(*trouble, world.surveyed, world.scenario); !applied) return applied;
  }
  return {};
}

/// What the survey of one domain means for the run; a message when there can be none.
std::optional<NoWorld> add_surveyed(const std::optional<rehearse::Surveyed>& surveyed,
                                    const std::string& domain, World& world) {
  if (!surveyed) return NoWorld{fmt::format("{}: the route could not be decided", domain), exit_unknown};
  if (surveyed->plan.decision == route::Verdict::discard || surveyed->plan.decision == route::Verdict::hold)
    return NoWorld{fmt::format("{}: no host would see this mail, so there is nothing to rehearse: {}", domain,
                               terminal_safe(surveyed->plan.reason)),
                   exit_findings};
  if (surveyed->plan.decision == route::Verdict::bounce)
    return NoWorld{fmt::format("{}: mail would bounce at once, so there is nothing to rehearse: {}", domain,
                               terminal_safe(surveyed->plan.reason)),
                   exit_findings};
  if (surveyed->plan.decision == route::Verdict::defer)
    return NoWorld{fmt::format("{}: unknown, so there is no world to rehearse in: {}", domain,
                               terminal_safe(surveyed->plan.reason)),
                   exit_unknown};
  for (std::string& one : add_world(*surveyed, world.scenario)) world.unknown.push_back(std::move(one));
  world.surveyed.push_back(*surveyed);
  world.domains.push_back(domain);
  return std::nullopt;
}

Status prepare(const WorldOptions& options, Sender& sender, rehearse::Scenario& scenario) {
  scenario.seed = options.seed;
  if (!options.config_path.empty()) {
    if (Status applied = apply_config(options.config_path, sender, scenario); !applied) return applied;
  }
  if (Status applied = apply_self(options, scenario); !applied) return applied;
  const auto dns = to_resolve_options(options.dns);
  if (!dns) return pass(dns.error());
  sender.labs.emplace_back(scenario.route_options.port, dns->servers, daemon::read_overlay(dns->zones));
  return {};
}
}  // namespace

std::expected<World, NoWorld> make_world(const WorldOptions& options) {
  World world;
  Sender sender;
  if (Status ready = prepare(options, sender, world.scenario); !ready) return no_world(ready.error().what);
  const auto domains = parse_domains(options, sender);
  if (!domains) return no_world(domains.error().what);
  for (const mail::Domain& domain : *domains) {
    if (options.backup) world.scenario.backup_domains.push_back(domain.text());
    const bool lab = std::ranges::any_of(sender.labs, [&domain](const daemon::Lab& one) {
      return one.reserved(domain) == route::Reserved::allow;
    });
    if (lab || options.allow_loopback) world.scenario.route_options.reserved = route::Reserved::allow;
  }
  auto resolver = open_resolver(options.dns, sender.resolver);
  if (!resolver) return no_world(resolver.error().what);
  const auto surveys = survey_all(*domains, world.scenario, **resolver);
  for (size_t n = 0; n < surveys.size(); ++n) {
    if (auto none = add_surveyed(surveys[n], (*domains)[n].text(), world))
      return std::unexpected(std::move(*none));
  }
  label_hosts(world.scenario);
  add_senders(world.scenario);
  if (Status added = add_load(options, world); !added) return no_world(added.error().what);
  if (Status added = add_troubles(options, world); !added) return no_world(added.error().what);
  return world;
}

}  // namespace waybill::cli
