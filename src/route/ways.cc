// ways.cc: plan_delivery() by what the route table says: nothing but an action, one way, or several in order,
// whose plans become one: the tiers of the later stand behind those of the earlier.
#include <algorithm>

#include "route/plan_via.h"
#include "route/planner.h"

namespace waybill::route {
namespace {
constexpr mail::EnhancedStatus kNotAuthorized{5, 7, 1};

Plan act(const Way& way) {
  Plan plan;
  plan.source = HostSource::route;
  plan.why = Why::by_route;
  switch (way.kind) {
    case Way::Kind::discard:
      plan.decision = Verdict::discard;
      plan.reason = "discarded by the route table";
      plan.steps.push_back({"route.discard", "", "The route table drops this mail, and tells nobody."});
      break;
    case Way::Kind::hold:
      plan.decision = Verdict::hold;
      plan.reason = "held by the route table";
      plan.steps.push_back(
          {"route.hold", "", "The route table holds this mail until an operator releases it."});
      break;
    default:
      plan.decision = Verdict::bounce;
      plan.code = 550;
      plan.enhanced = kNotAuthorized;
      plan.reason = way.text;
      plan.steps.push_back({"route.refuse", "RFC 3463 3.8",
                            "The route table refuses this mail in the dialogue; what is queued bounces."});
      break;
  }
  return plan;
}

/// Behind what `all` has already: its hosts are tried when none of those could be reached.
void append(Plan& all, Plan plan, uint16_t number) {
  for (Tier& tier : plan.tiers) {
    tier.via = number;
    all.tiers.push_back(std::move(tier));
  }
  const bool first = all.attempts.empty();
  for (Attempt& attempt : plan.attempts) {
    attempt.via = number;
    if (!first) attempt.first_share = 0;
    all.attempts.push_back(std::move(attempt));
  }
  std::ranges::move(plan.steps, std::back_inserter(all.steps));
  if (!plan.site_key.empty()) all.site_key += (all.site_key.empty() ? "" : " then ") + plan.site_key;
}

/// What the parts' verdicts make together. Only what every way rules out for good may bounce.
void conclude(Plan& all, const std::vector<Plan>& parts) {
  all.source = HostSource::route;
  const auto delivers = [](const Plan& one) { return one.decision == Verdict::deliver; };
  all.mx_secure = std::ranges::all_of(parts, &Plan::mx_secure);
  all.secure = std::ranges::all_of(parts, &Plan::secure);
  if (std::ranges::any_of(parts, delivers)) {
    all.decision = Verdict::deliver;
    all.why = Why::ok;
    const Attempt& first = all.attempts.front();
    all.reason = fmt::format("{} address{} to try, first {}", all.attempts.size(),
                             all.attempts.size() == 1 ? "" : "es",
                             first.host.empty() ? first.ip.to_string() : first.host);
    // As long as the least lasting of them; a way that could not be told now may be there soon.
    all.ttl_s = std::ranges::min(parts, {}, &Plan::ttl_s).ttl_s;
    return;
  }
  const auto deferred =
      std::ranges::find_if(parts, [](const Plan& one) { return one.decision != Verdict::bounce; });
  const Plan& word = deferred == parts.end() ? parts.front() : *deferred;
  all.decision = word.decision;
  all.why = word.why;
  all.code = word.code;
  all.enhanced = word.enhanced;
  all.reason = word.reason;
  all.ttl_s = word.ttl_s;
}

Step<Plan, dns::Question> in_order(const Request& request, const dns::Facts& facts) {
  std::vector<Plan> parts;
  Questions<dns::Question> open;
  for (const Via& via : request.way.vias) {
    auto step = plan_via(request, via, facts);
    if (auto* asks = std::get_if<1>(&step)) {
      for (dns::Question& question : *asks) {
        if (std::ranges::find(open, question) == open.end()) open.push_back(std::move(question));
      }
    } else {
      parts.push_back(std::move(std::get<0>(step)));
    }
  }
  if (!open.empty()) return open;
  Plan all;
  for (size_t n = 0; n < parts.size(); ++n) {
    if (n > 0) {
      all.steps.push_back({"route.then", "",
                           fmt::format("Where that can't be reached, the next way of the entry is {}.",
                                       request.way.vias[n].to_string())});
    }
    append(all, parts[n], static_cast<uint16_t>(n));
  }
  conclude(all, parts);
  return all;
}
}  // namespace

Step<Plan, dns::Question> plan_delivery(const Request& request, const dns::Facts& facts) {
  const Way& way = request.way;
  if (way.kind != Way::Kind::deliver) return act(way);
  if (way.vias.size() == 1) return plan_via(request, way.vias.front(), facts);
  if (way.vias.empty()) return plan_via(request, Via{}, facts);
  return in_order(request, facts);
}

}  // namespace waybill::route
