#include "rehearse/router.h"

#include <algorithm>

#include "route/gather.h"

namespace waybill::rehearse {
namespace {
/// As in daemon/: the TTL decides, but no plan is used for longer than this.
constexpr Seconds kKeepMax{300};
}  // namespace

Router::Router(const Scenario& scenario, net::VirtualWorld& world, dns::Resolver& resolver)
    : scenario_(scenario),
      world_(world),
      resolver_(resolver),
      self_(scenario.self),
      backup_domains_(scenario.backup_domains.begin(), scenario.backup_domains.end()),
      random_(scenario.seed) {
  if (auto name = dns::Name::parse(scenario.hostname))
    self_.names.insert(self_.names.begin(), std::move(*name));
}

Result<route::Request> Router::request(const mail::Domain& domain, const std::string& route_pin) {
  route::Request request;
  request.domain = domain;
  request.self = self_;
  if (route_pin.empty()) {
    request.via = scenario_.routes.find(domain);
  } else {
    auto via = route::Via::parse(route_pin);
    if (!via) return pass(via.error());
    request.via = *via;
  }
  request.role = backup_domains_.contains(domain.text()) ? route::Role::backup : route::Role::foreign;
  request.seed = random_.next();
  return request;
}

void Router::targets(const mail::Domain& domain, const std::string& route_pin, Done done) {
  const std::string key = domain.text() + (route_pin.empty() ? "" : " via " + route_pin);
  if (const auto at = kept_.find(key); at != kept_.end()) {
    if (at->second.until > world_.now()) return done(dealt(at->second.targets));
    kept_.erase(at);
  }
  std::vector<Done>& waiting = asked_[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  auto asking = request(domain, route_pin);
  if (!asking) {
    route::Plan plan;
    plan.code = 451;
    plan.enhanced = {4, 3, 5};
    plan.reason = asking.error().what;
    return planned(key, plan);
  }
  route::gather(
      std::move(*asking), resolver_, [this](std::function<void()> work) { world_.post(std::move(work)); },
      [this, key](const route::Plan& plan, const dns::Facts&) { planned(key, plan); });
}

void Router::planned(const std::string& key, const route::Plan& plan) {
  auto targets = std::make_shared<const deliver::Targets>(to_targets(plan));
  if (plan.ttl_s > 0)
    kept_.insert_or_assign(
        key, Kept{targets, world_.now() + std::min<Millis>(Seconds{plan.ttl_s}, Millis{kKeepMax})});
  const auto waiting = asked_.extract(key);
  if (waiting.empty()) return;
  for (const Done& done : waiting.mapped()) done(dealt(targets));
}

// RFC 5321 5.1: equals are shared out at random, anew for every message.
deliver::TargetsPtr Router::dealt(const deliver::TargetsPtr& kept) {
  if (std::ranges::none_of(kept->tiers, [](const deliver::Tier& tier) { return tier.size() > 1; }))
    return kept;
  auto out = std::make_shared<deliver::Targets>(*kept);
  for (deliver::Tier& tier : out->tiers) route::shuffle(tier, random_);
  return out;
}

deliver::Targets to_targets(const route::Plan& plan) {
  deliver::Targets out;
  out.site_key = plan.site_key;
  if (plan.decision != route::Verdict::deliver) {
    out.decision = plan.decision == route::Verdict::bounce ? deliver::TargetsDecision::bounce
                                                           : deliver::TargetsDecision::defer;
    out.reply = {plan.code, plan.enhanced, plan.reason};
    return out;
  }
  out.decision = deliver::TargetsDecision::deliver;
  for (const route::Attempt& attempt : plan.attempts) {
    const std::string host = attempt.host.empty() ? mail::Domain::literal(attempt.ip).text() : attempt.host;
    if (out.tiers.empty() || out.tiers.back().front().preference != attempt.preference)
      out.tiers.emplace_back();
    deliver::Tier& tier = out.tiers.back();
    auto at = std::ranges::find_if(
        tier, [&](const deliver::Target& one) { return one.host == host && one.port == attempt.port; });
    if (at == tier.end()) at = tier.insert(tier.end(), {attempt.preference, host, {}, attempt.port});
    at->addresses.push_back(attempt.ip);
  }
  return out;
}

}  // namespace waybill::rehearse
