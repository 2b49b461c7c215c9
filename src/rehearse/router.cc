#include "rehearse/router.h"

#include <algorithm>

#include "handover/targets.h"
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

Result<Router::Asking> Router::request(const mail::Delivery& delivery) {
  Asking out;
  route::Request& request = out.request;
  request.domain = delivery.domain;
  request.options = scenario_.route_options;
  request.self = self_;
  request.role =
      backup_domains_.contains(delivery.domain.text()) ? route::Role::backup : route::Role::foreign;
  if (delivery.route_pin.empty()) {
    const route::Choice choice =
        scenario_.routes.choose({.domain = delivery.domain,
                                 .role = request.role,
                                 .sender = delivery.envelope ? delivery.envelope->from : mail::ReversePath{},
                                 .listener = delivery.listener,
                                 .released = delivery.released});
    request.way = choice.way;
    if (choice.entry != nullptr) out.entry = choice.entry->to_string();
  } else {
    auto way = route::Way::parse(delivery.route_pin);
    if (!way) return pass(way.error());
    request.way = std::move(*way);
  }
  request.seed = random_.next();
  return out;
}

void Router::targets(const mail::Delivery& delivery, Done done) {
  auto asking = request(delivery);
  const std::string key =
      delivery.domain.text() + " via " +
      (asking ? asking->request.way.to_string() + " by " + asking->entry : delivery.route_pin);
  if (const auto at = kept_.find(key); at != kept_.end()) {
    if (at->second.until > world_.now()) return done(handover::deal(at->second.targets, random_));
    kept_.erase(at);
  }
  std::vector<Done>& waiting = asked_[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  if (!asking) {
    route::Plan plan;
    plan.code = 451;
    plan.enhanced = {4, 3, 5};
    plan.reason = asking.error().what;
    return planned(key, plan);
  }
  route::gather(
      std::move(asking->request), resolver_,
      [this](std::function<void()> work) { world_.post(std::move(work)); },
      [this, key, entry = asking->entry](route::Plan plan, const dns::Facts&) {
        handover::name_entry(plan, entry);
        planned(key, plan);
      });
}

void Router::planned(const std::string& key, const route::Plan& plan) {
  deliver::Targets made = handover::to_targets(plan, deliver::TlsPolicy::opportunistic);
  const auto limit = scenario_.rate_max.find(key.substr(0, key.find(' ')));
  if (limit != scenario_.rate_max.end()) handover::limit_rate(made, limit->second);
  const auto targets = std::make_shared<const deliver::Targets>(std::move(made));
  if (plan.ttl_s > 0)
    kept_.insert_or_assign(
        key, Kept{targets, world_.now() + std::min<Millis>(Seconds{plan.ttl_s}, Millis{kKeepMax})});
  const auto waiting = asked_.extract(key);
  if (waiting.empty()) return;
  for (const Done& done : waiting.mapped()) done(handover::deal(targets, random_));
}

}  // namespace waybill::rehearse
