#include "check/change/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "check/change/change.h"

namespace waybill::check::change {
namespace {
/// As for check_domain(): SPF's includes follow one another.
constexpr int kRoundsMax = 64;

bool same(const Finding& a, const Finding& b) {
  return a.id == b.id && a.level == b.level && a.subject == b.subject && a.got == b.got;
}

/// Checks that could not tell all in this world: of those nothing can be said to come or go.
std::set<std::string> unclear(const std::vector<Ran>& all) {
  std::set<std::string> out;
  for (const Ran& ran : all) {
    if (std::ranges::any_of(ran.findings, [](const Finding& each) { return each.level == Level::unknown; }))
      out.emplace(ran.check->id);
  }
  return out;
}

std::vector<Finding> findings_of(const std::vector<Ran>& all) {
  std::vector<Finding> out;
  for (const Ran& ran : all) out.insert(out.end(), ran.findings.begin(), ran.findings.end());
  return out;
}

std::vector<Finding> only_in(const std::vector<Ran>& here, const std::vector<Ran>& there) {
  const auto vague = unclear(there);
  const auto others = findings_of(there);
  std::vector<Finding> out;
  for (Finding& finding : findings_of(here)) {
    const bool known = finding.level != Level::unknown && !vague.contains(finding.id);
    if (known && std::ranges::none_of(others, [&](const Finding& each) { return same(each, finding); }))
      out.push_back(std::move(finding));
  }
  return out;
}

std::vector<Finding> judge(const Move& move, const View& view) {
  std::vector<Finding> out;
  for (const ChangeCheck* check : change_checks()) {
    Report report(check->about);
    check->run(move, view, report);
    out.insert(out.end(), report.findings().begin(), report.findings().end());
  }
  return out;
}

Decision decide(const Move& move, const ChangePlan& plan) {
  const auto any = [&](Level level) {
    return std::ranges::any_of(plan.asked, [&](const Finding& each) {
      return each.level == level && !move.allowed.contains(each.id);
    });
  };
  // An error is known for sure, whatever else could not be found out.
  if (any(Level::error)) return Decision::unsafe;
  if (any(Level::unknown)) return Decision::unknown;
  return plan.changes.empty() && plan.steps.steps.empty() ? Decision::nothing : Decision::pending;
}

void collect(Questions<SideQuestion>& out, Side side, Questions<Question> questions) {
  for (Question& question : questions) out.push_back({side, std::move(question)});
}
}  // namespace

std::string_view to_string(Decision decision) {
  switch (decision) {
    case Decision::nothing:
      return "nothing";
    case Decision::pending:
      return "pending";
    case Decision::unsafe:
      return "unsafe";
    case Decision::unknown:
      return "unknown";
  }
  return "unknown";
}

Step<ChangePlan, SideQuestion> plan_change(Checks checks, const Move& move, const SideFacts& facts) {
  const Worlds worlds = worlds_of(facts, move.subject.name);
  Look live(worlds.live.facts, worlds.live.dns);
  Look proposed(worlds.proposed.facts, worlds.proposed.dns);
  const auto view = view_of(move, live, proposed);
  Questions<SideQuestion> open;
  collect(open, Side::live, live.questions());
  collect(open, Side::proposed, proposed.questions());
  auto before = run_checks(checks, move.subject, worlds.live.facts, worlds.live.dns);
  auto after = run_checks(checks, move.subject, worlds.proposed.facts, worlds.proposed.dns);
  if (auto* more = std::get_if<Questions<Question>>(&before)) collect(open, Side::live, std::move(*more));
  if (auto* more = std::get_if<Questions<Question>>(&after)) collect(open, Side::proposed, std::move(*more));
  if (!open.empty() || !view) {
    std::ranges::sort(open);
    const auto twice = std::ranges::unique(open);
    open.erase(twice.begin(), twice.end());
    return open;
  }
  ChangePlan out;
  Report unknown(change_mail);
  out.changes = mail_changes(move, *view, unknown);
  out.asked = unknown.findings();
  for (Finding& finding : judge(move, *view)) out.asked.push_back(std::move(finding));
  out.appears = only_in(std::get<std::vector<Ran>>(after), std::get<std::vector<Ran>>(before));
  out.goes = only_in(std::get<std::vector<Ran>>(before), std::get<std::vector<Ran>>(after));
  if (!view->mx.unknown()) out.steps = order_steps(move, *view);
  out.decision = decide(move, out);
  return out;
}

void run_plan(Checks checks, Move move, SideAsk ask, PlanDone done) {
  const auto all = std::make_shared<std::vector<const Check*>>(checks.begin(), checks.end());
  const auto shared = std::make_shared<const Move>(std::move(move));
  auto decide_now = [all, shared](const SideFacts& facts) { return plan_change(*all, *shared, facts); };
  auto finish = [done = std::move(done)](const ChangePlan* plan, const SideFacts&) {
    done(plan == nullptr ? std::nullopt : std::optional(*plan));
  };
  waybill::Decision<ChangePlan, SideQuestion, Answer>::run(std::move(decide_now), std::move(ask),
                                                           std::move(finish), kRoundsMax);
}

}  // namespace waybill::check::change
