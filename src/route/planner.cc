#include "route/planner.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "route/attempts.h"
#include "route/backup_refusal.h"
#include "route/hosts.h"
#include "route/tiers.h"

namespace waybill::route {
namespace {
constexpr mail::EnhancedStatus kBadDomain{5, 1, 2};
constexpr mail::EnhancedStatus kNullMx{5, 1, 10};
constexpr mail::EnhancedStatus kNoRoute{5, 4, 4};
constexpr mail::EnhancedStatus kLoop{5, 4, 6};
constexpr mail::EnhancedStatus kDnsFailed{4, 4, 3};
constexpr mail::EnhancedStatus kNoRouteNow{4, 4, 4};
constexpr mail::EnhancedStatus kNoAnswer{4, 4, 1};
constexpr mail::EnhancedStatus kOurFault{4, 3, 5};
constexpr std::string_view kMxRef = "RFC 5321 5.1";

using Answer = Step<Plan, dns::Question>;
using Ranked = std::map<uint16_t, std::set<dns::Name>>;  // preference → hosts

/// One call of plan_delivery(). Each function either finishes the plan or leaves questions open.
class Planner {
 public:
  Planner(const Request& request, const dns::Facts& facts) : request_(request), inquiry_(facts) {
    port_ = request.via.port.value_or(request.options.port);
  }
  Answer run();

 private:
  Answer to_address(const IpAddress& ip, HostSource source);
  Answer to_host(const dns::Name& name);
  Answer by_mx(const dns::Name& name);
  Answer by_implicit_mx(const dns::Name& name);
  Answer by_hosts(const Ranked& ranked);

  Ranked read_mx(const dns::Answer& answer);
  void assess(const Ranked& ranked, const SelfView& self);
  std::optional<uint16_t> find_self_by_name(const Ranked& ranked, const SelfView& self) const;

  Answer conclude();
  Answer conclude_without_attempts();
  Answer refuse(Refusal refusal);
  [[nodiscard]] Role role() const;
  Answer unknown(const dns::Answer& answer, const dns::Name& name);
  Answer defer(Why why, mail::EnhancedStatus enhanced, std::string reason);
  Answer bounce(Why why, uint16_t code, mail::EnhancedStatus enhanced, std::string reason);
  Answer finish() { return std::move(plan_); }

  template <class... Args>
  void note(std::string_view rule, std::string_view ref, fmt::format_string<Args...> text, Args&&... args) {
    plan_.steps.push_back(
        {std::string(rule), std::string(ref), fmt::format(text, std::forward<Args>(args)...)});
  }
  [[nodiscard]] bool has(HostStatus status) const { return has_status(plan_, status); }

  const Request& request_;
  Inquiry inquiry_;
  Plan plan_;
  uint16_t port_ = 25;
};

Answer Planner::run() {
  const Via& via = request_.via;
  switch (via.kind) {
    case Via::Kind::address:
      note("route.static", "", "The route table sends this domain to {}.", via.to_string());
      return to_address(via.address, HostSource::route);
    case Via::Kind::host:
      note("route.static", "", "The route table sends this domain to {}, without an MX lookup.",
           via.to_string());
      return to_host(via.name);
    case Via::Kind::mx_of:
      note("route.static", "", "The route table sends this domain the way of {}'s MX.", via.name.to_string());
      return by_mx(via.name);
    case Via::Kind::mx:
      break;
  }
  if (request_.domain.is_literal()) {
    note("domain.literal", "RFC 5321 4.1.3", "{} is an address literal: no DNS is asked.",
         request_.domain.text());
    return to_address(*request_.domain.literal_address(), HostSource::literal);
  }
  const auto name = dns::Name::parse(request_.domain.text());
  if (!name || name->is_root()) {
    return defer(Why::undecided, {4, 3, 0}, "an address without a domain is local and has no route");
  }
  return by_mx(*name);
}

/// One address that stands for itself: a literal, or a route to one.
Answer Planner::to_address(const IpAddress& ip, HostSource source) {
  plan_.source = source;
  const SelfView self(request_.self, inquiry_);
  if (inquiry_.open()) return inquiry_.take_open();
  Host host{.addresses = {{ip, 0, true}}};
  // An operator's route may lead to loopback (a filter on this very host); a stranger's literal may not.
  const Reserved reserved = source == HostSource::route ? Reserved::allow : request_.options.reserved;
  const bool own_port = std::ranges::find(request_.self.ports, port_) != request_.self.ports.end();
  if (self.is(ip) && (source == HostSource::literal || own_port)) {
    host.status = HostStatus::is_self;
    host.note = "it is this host";
  } else {
    judge_addresses(host, request_, reserved);
  }
  plan_.tiers.push_back({0, {std::move(host)}});
  return conclude();
}

/// "[relay.example]:587": the host's addresses, no MX lookup.
Answer Planner::to_host(const dns::Name& name) {
  plan_.source = HostSource::route;
  plan_.mx_secure = true;  // the name comes from the configuration: no MX answer could be forged
  const SelfView self(request_.self, inquiry_);
  const bool own_port = std::ranges::find(request_.self.ports, port_) != request_.self.ports.end();
  Host host = assess_host(name, request_, self, own_port ? SelfTest::by_all : SelfTest::off, Reserved::allow,
                          inquiry_);
  if (inquiry_.open()) return inquiry_.take_open();
  plan_.tiers.push_back({0, {std::move(host)}});
  return conclude();
}

Answer Planner::by_mx(const dns::Name& name) {
  const dns::Answer* answer = inquiry_.ask(name, dns::Type::mx);
  if (answer == nullptr) return inquiry_.take_open();
  plan_.mx_secure = answer->secure;
  if (answer->loop) {
    note("mx.alias-loop", "RFC 1034 3.6.2", "The aliases (CNAME) of {} lead nowhere: {}.", name.to_string(),
         answer->why);
    return bounce(Why::alias_loop, 550, kNoRoute,
                  fmt::format("the aliases of {} lead nowhere", name.to_string()));
  }
  if (answer->unknown()) return unknown(*answer, name);
  const dns::Name canonical = answer->chain.empty() ? name : answer->canonical;
  if (canonical != name) {
    // RFC 5321 5.1: the resulting name is processed as if it were the initial name.
    note("mx.alias", kMxRef, "{} is an alias (CNAME) of {}, whose MX counts.", name.to_string(),
         canonical.to_string());
  }
  switch (answer->kind) {
    case dns::Kind::nxdomain:
      note("mx.no-domain", kMxRef, "The DNS says that {} does not exist.", canonical.to_string());
      return bounce(Why::no_domain, 550, kBadDomain,
                    fmt::format("the domain {} does not exist", name.to_string()));
    case dns::Kind::nodata:
      note("mx.none", kMxRef, "{} exists but has no MX: its own addresses stand in, with preference 0.",
           canonical.to_string());
      return by_implicit_mx(canonical);
    default:
      break;
  }
  const Ranked ranked = read_mx(*answer);
  if (plan_.source == HostSource::null) {
    return bounce(Why::null_mx, 556, kNullMx,
                  fmt::format("the domain {} does not accept mail (null MX)", name.to_string()));
  }
  if (ranked.empty()) {
    dns::Answer empty = dns::Answer::failure("an MX answer without MX records");
    return unknown(empty, name);
  }
  return by_hosts(ranked);
}

Answer Planner::unknown(const dns::Answer& answer, const dns::Name& name) {
  const std::string why = answer.why.empty() ? std::string(to_string(answer.kind)) : answer.why;
  if (answer.kind == dns::Kind::bogus) {
    note("mx.bogus", "RFC 4035 5.5", "DNSSEC: the MX answer of {} is forged or broken ({}).",
         name.to_string(), why);
    return defer(Why::bogus, kDnsFailed,
                 fmt::format("DNSSEC validation of {}'s MX failed: {}", name.to_string(), why));
  }
  // RFC 5321 5.1: a temporary error must be retried; it says nothing about the domain's own addresses.
  note("mx.failed", kMxRef,
       "The DNS could not tell the MX of {} ({}). That is no answer: nothing else is asked.",
       name.to_string(), why);
  return defer(Why::temp_failure, kDnsFailed,
               fmt::format("the MX lookup of {} failed: {}", name.to_string(), why));
}

/// Drops null records (all null: sets the source), folds doubles, and explains both.
Ranked Planner::read_mx(const dns::Answer& answer) {
  Ranked ranked;
  std::map<dns::Name, uint16_t> best;
  size_t null_count = 0;
  size_t null_odd = 0;
  for (const dns::Record& record : answer.records) {
    const auto* mx = std::get_if<dns::Mx>(&record.data);
    if (mx == nullptr) continue;
    if (mx->exchange.is_root()) {
      ++null_count;
      if (mx->preference != 0) ++null_odd;
      continue;
    }
    const auto [at, fresh] = best.emplace(mx->exchange, mx->preference);
    if (!fresh) at->second = std::min(at->second, mx->preference);
  }
  for (const auto& [host, preference] : best) ranked[preference].insert(host);
  if (null_count != 0 && ranked.empty()) {
    plan_.source = HostSource::null;
    note("mx.null", "RFC 7505 3",
         "Its MX is \".\": it says that it accepts no mail. No address is looked up.");
    if (null_odd != 0 || null_count > 1) {
      note("mx.null-odd", "RFC 7505 3",
           "A null MX should be one record with preference 0; it is taken as null anyway.");
    }
    return ranked;
  }
  if (null_count != 0) {
    note("mx.null-mixed", "RFC 7505 3",
         "A null MX stands beside real ones, which RFC 7505 forbids; it is skipped.");
  }
  if (!ranked.empty()) {
    note("mx.found", kMxRef, "{} MX host{} at {} preference{}, tried from the lowest number up.", best.size(),
         best.size() == 1 ? "" : "s", ranked.size(), ranked.size() == 1 ? "" : "s");
  }
  return ranked;
}

Answer Planner::by_implicit_mx(const dns::Name& name) {
  plan_.source = HostSource::implicit;
  return by_hosts({{0, {name}}});
}

std::optional<uint16_t> Planner::find_self_by_name(const Ranked& ranked, const SelfView& self) const {
  for (const auto& [preference, names] : ranked) {
    if (std::ranges::any_of(names, [&](const dns::Name& name) { return self.is(name); })) return preference;
  }
  return std::nullopt;
}

Answer Planner::by_hosts(const Ranked& ranked) {
  const SelfView self(request_.self, inquiry_);
  assess(ranked, self);
  if (inquiry_.open()) return inquiry_.take_open();
  for (const dns::Name& name : self.unknown()) {
    note("self.unknown", "", "The addresses of our own name {} could not be looked up.", name.to_string());
  }
  const Place place = drop_not_better(plan_, role());
  explain_hosts(plan_);
  return place == Place::unknown ? refuse(refuse_unlisted(plan_, request_, self)) : conclude();
}

/// Where an operator sends the mail by hand (`queue reroute`), it is no matter whose backup we are.
Role Planner::role() const { return request_.via.kind == Via::Kind::mx ? request_.role : Role::foreign; }

/// Why a backup may not send: its own fault, or the DNS's.
Answer Planner::refuse(Refusal refusal) {
  plan_.site_key = site_key(plan_, port_);
  if (refusal.note) plan_.steps.push_back(std::move(*refusal.note));
  return defer(refusal.why, refusal.enhanced, std::move(refusal.reason));
}

void Planner::assess(const Ranked& ranked, const SelfView& self) {
  const auto self_preference = find_self_by_name(ranked, self);
  size_t assessed = 0;
  for (const auto& [preference, names] : ranked) {
    Tier tier{.preference = preference};
    for (const dns::Name& name : names) {
      Host host{.name = name, .canonical = name};
      if (self.is(name)) {
        host.status = HostStatus::is_self;
        host.note = "it is this host";
      } else if (self_preference && preference >= *self_preference) {
        host.status = HostStatus::not_better;  // its addresses don't matter, so they are not asked
      } else if (++assessed > request_.options.hosts_max) {
        host.status = HostStatus::over_limit;
        host.note = fmt::format("only the first {} hosts are looked up", request_.options.hosts_max);
      } else {
        host = assess_host(name, request_, self, SelfTest::by_all, request_.options.reserved, inquiry_);
      }
      tier.hosts.push_back(std::move(host));
    }
    plan_.tiers.push_back(std::move(tier));
  }
}

Answer Planner::conclude() {
  plan_.site_key = site_key(plan_, port_);
  plan_.secure = plan_.mx_secure && usable_are_secure(plan_);
  list_attempts(plan_, request_.options, port_, request_.seed);
  plan_.ttl_s = inquiry_.ttl_s();
  if (plan_.attempts.empty()) return conclude_without_attempts();
  plan_.decision = Verdict::deliver;
  plan_.why = Why::ok;
  const Attempt& first = plan_.attempts.front();
  plan_.reason = fmt::format("{} address{} to try, first {}", plan_.attempts.size(),
                             plan_.attempts.size() == 1 ? "" : "es",
                             first.host.empty() ? first.ip.to_string() : first.host);
  return finish();
}

/// Nothing can be tried. In order: what is unknown or our own doing defers; only what is known bounces.
Answer Planner::conclude_without_attempts() {
  const std::string domain = request_.domain.text();
  if (has(HostStatus::temp_failure) || has(HostStatus::over_limit)) {
    std::string first;
    bool all_bogus = true;
    for (const Tier& tier : plan_.tiers) {
      for (const Host& host : tier.hosts) {
        if (host.status == HostStatus::over_limit) all_bogus = false;
        if (host.status != HostStatus::temp_failure) continue;
        all_bogus = all_bogus && host.bogus;
        if (first.empty())
          first = fmt::format("the address lookup of {} failed: {}", host.name.to_string(), host.note);
      }
    }
    if (first.empty())
      first =
          fmt::format("none of the first {} MX hosts of {} can be used", request_.options.hosts_max, domain);
    return defer(all_bogus ? Why::bogus : Why::temp_failure, kDnsFailed, std::move(first));
  }
  if (has(HostStatus::family_off)) {
    return defer(Why::family_off, kNoRouteNow,
                 fmt::format("{} is reachable only over an address family that is off here", domain));
  }
  if (has(HostStatus::down))
    return defer(Why::down, kNoAnswer, fmt::format("every host of {} is taken as down", domain));
  if (request_.via.kind != Via::Kind::mx) {
    // The fault lies in our configuration; neither the sender nor the recipient can mend it.
    const bool self = has(HostStatus::is_self);
    return defer(Why::bad_route, kOurFault,
                 fmt::format("the route {} leads {}", request_.via.to_string(),
                             self ? "back to this host" : "to no address"));
  }
  const bool better_exists =
      has(HostStatus::no_address) || has(HostStatus::invalid) || has(HostStatus::reserved);
  if (has(HostStatus::is_self) && !better_exists) {
    if (role() == Role::backup) return refuse(refuse_as_best(plan_, request_));
    note("self.best", kMxRef, "This host is the best MX of {}, yet not set up as its final destination.",
         domain);
    return bounce(Why::loops_to_self, 554, kLoop, fmt::format("mail for {} loops back to this host", domain));
  }
  if (has(HostStatus::reserved)) {
    return bounce(Why::reserved_only, 550, kNoRoute,
                  fmt::format("{} points its mail to loopback or another address that is no host's", domain));
  }
  if (plan_.source == HostSource::implicit) {
    note("mx.no-mail", kMxRef, "{} has neither MX nor address.", domain);
    return bounce(Why::no_mail, 550, kNoRoute,
                  fmt::format("the domain {} has no mail host (no MX, A or AAAA)", domain));
  }
  // RFC 5321 5.1: while there is an MX, the domain's own addresses are not used.
  note("mx.no-usable", kMxRef,
       "None of its MX hosts has an address. The domain's own addresses don't stand in.");
  return bounce(Why::no_mail, 550, kNoRoute,
                fmt::format("none of the MX hosts of {} has an address", domain));
}

Answer Planner::defer(Why why, mail::EnhancedStatus enhanced, std::string reason) {
  plan_.decision = Verdict::defer;
  plan_.why = why;
  plan_.code = 451;
  plan_.enhanced = enhanced;
  plan_.reason = std::move(reason);
  plan_.ttl_s = 0;
  return finish();
}

Answer Planner::bounce(Why why, uint16_t code, mail::EnhancedStatus enhanced, std::string reason) {
  // The static route's faults are ours: whatever the DNS says of a smart host, the mail waits.
  if (request_.via.kind != Via::Kind::mx) {
    return defer(Why::bad_route, kOurFault,
                 fmt::format("the route {} is broken: {}", request_.via.to_string(), reason));
  }
  plan_.decision = Verdict::bounce;
  plan_.why = why;
  plan_.code = code;
  plan_.enhanced = enhanced;
  plan_.reason = std::move(reason);
  plan_.ttl_s = inquiry_.ttl_s();
  return finish();
}
}  // namespace

Step<Plan, dns::Question> plan_delivery(const Request& request, const dns::Facts& facts) {
  return Planner(request, facts).run();
}

}  // namespace waybill::route
