#include "route/gather.h"

#include <memory>
#include <optional>
#include <utility>

#include "route/inbox.h"
#include "route/planner.h"

namespace waybill::route {
namespace {
/// The planner asked without end: a bug of ours, so the mail waits (never bounces) and the log shows it.
Plan undecided() {
  Plan plan;
  plan.decision = Verdict::defer;
  plan.why = Why::undecided;
  plan.code = 451;
  plan.enhanced = {4, 3, 0};
  plan.reason = "the route could not be decided";
  return plan;
}
}  // namespace

dns::Ask ask_through(dns::Resolver& resolver, Post post) {
  return [&resolver, post = std::move(post)](const dns::Question& question,
                                             std::function<void(dns::Answer)> reply) {
    resolver.resolve(question, [post, reply = std::move(reply)](dns::Answer answer) {
      // std::function must be copyable, so the answer travels in a shared box: records are not copied.
      post([reply, box = std::make_shared<dns::Answer>(std::move(answer))] { reply(std::move(*box)); });
    });
  };
}

void gather(Request request, dns::Resolver& resolver, Post post, GatherDone done) {
  const auto shared = std::make_shared<const Request>(std::move(request));
  auto decide = [shared](const dns::Facts& facts) { return plan_delivery(*shared, facts); };
  auto finish = [done = std::move(done)](const Plan* plan, const dns::Facts& facts) {
    done(plan == nullptr ? undecided() : *plan, facts);
  };
  waybill::Decision<Plan, dns::Question, dns::Answer>::run(
      std::move(decide), ask_through(resolver, std::move(post)), std::move(finish));
}

Gathered gather_facts_blocking(const Request& request, dns::Resolver& resolver) {
  // Shared with answers under way: none may outlive the box it is posted to.
  const auto inbox = std::make_shared<Inbox>();
  std::optional<Gathered> result;
  gather(
      request, resolver, [inbox](std::function<void()> job) { inbox->post(std::move(job)); },
      [&result](Plan plan, const dns::Facts& facts) { result = Gathered{std::move(plan), facts}; });
  while (!result) inbox->run_one();
  return std::move(*result);
}

Plan gather_blocking(const Request& request, dns::Resolver& resolver) {
  return gather_facts_blocking(request, resolver).plan;
}

}  // namespace waybill::route
