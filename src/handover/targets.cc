#include "handover/targets.h"

#include <algorithm>

namespace waybill::handover {
namespace {
deliver::TargetsDecision decision_of(route::Verdict verdict) {
  switch (verdict) {
    case route::Verdict::deliver:
      return deliver::TargetsDecision::deliver;
    case route::Verdict::bounce:
      return deliver::TargetsDecision::bounce;
    case route::Verdict::discard:
      return deliver::TargetsDecision::discard;
    case route::Verdict::hold:
      return deliver::TargetsDecision::hold;
    case route::Verdict::defer:
      break;
  }
  return deliver::TargetsDecision::defer;
}
}  // namespace

deliver::Targets to_targets(const route::Plan& plan, deliver::TlsPolicy tls) {
  deliver::Targets out;
  out.site_key = plan.site_key;
  out.tls = tls;
  if (plan.decision != route::Verdict::deliver) {
    out.decision = decision_of(plan.decision);
    out.reply = {plan.code, plan.enhanced, plan.reason};
    return out;
  }
  out.decision = deliver::TargetsDecision::deliver;
  // The planner's attempts are in order and bounded; delivery wants them by preference and host again.
  uint16_t way = 0;
  for (const route::Attempt& attempt : plan.attempts) {
    const std::string host = attempt.host.empty() ? mail::Domain::literal(attempt.ip).text() : attempt.host;
    if (out.tiers.empty() || way != attempt.via || out.tiers.back().front().preference != attempt.preference)
      out.tiers.emplace_back();
    way = attempt.via;
    deliver::Tier& tier = out.tiers.back();
    auto at = std::ranges::find_if(
        tier, [&](const deliver::Target& one) { return one.host == host && one.port == attempt.port; });
    if (at == tier.end()) at = tier.insert(tier.end(), {attempt.preference, host, {}, attempt.port});
    at->addresses.push_back(attempt.ip);
  }
  return out;
}

void name_entry(route::Plan& plan, const std::string& entry) {
  // A refusal has words of the operator's own.
  if (entry.empty() || plan.why != route::Why::by_route || plan.decision == route::Verdict::bounce) return;
  plan.reason = fmt::format("by the route {}", entry);
}

void limit_rate(deliver::Targets& targets, double rate_max) {
  if (rate_max <= 0) return;
  targets.rate_max = rate_max;
  targets.site_key += fmt::format(" at most {}/s", rate_max);
}

deliver::TargetsPtr deal(const deliver::TargetsPtr& targets, route::Random& random) {
  if (std::ranges::none_of(targets->tiers, [](const deliver::Tier& tier) { return tier.size() > 1; }))
    return targets;
  auto out = std::make_shared<deliver::Targets>(*targets);
  for (deliver::Tier& tier : out->tiers) route::shuffle(tier, random);
  return out;
}

}  // namespace waybill::handover
