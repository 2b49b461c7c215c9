#include "check/run.h"

#include <algorithm>
#include <utility>

#include "route/inbox.h"

namespace waybill::check {
namespace {
/// SPF's includes and the CNAMEs of hosts follow one another; each is a round of questions.
constexpr int kRoundsMax = 64;

/// Why the check has no place in this run; empty: it has one.
std::string_view left_out(const Check& check, const Subject& subject) {
  switch (check.needs) {
    case Needs::dns:
      return "";
    case Needs::selector:
      return subject.selectors.empty() ? "no --selector was given" : "";
    case Needs::sender:
      return subject.sends_from.empty() ? "no --sends-from was given" : "";
    case Needs::backup:
      return subject.backups.empty() ? "no --backup was given" : "";
    case Needs::blocklist:
      return subject.blocklists.empty() ? "no --blocklist was given" : "";
    case Needs::authoritative:
      return subject.authoritative ? "" : "only with --authoritative";
    case Needs::policy:
      return subject.fetch_policy ? "" : "the policy is not fetched here";
    case Needs::probe:
      return subject.probe ? "" : "only with --probe";
  }
  return "";
}

State state_of(const Report& report) {
  const auto is_unknown = [](const Finding& finding) { return finding.level == Level::unknown; };
  if (report.findings().empty()) return report.skipped().empty() ? State::fine : State::skipped;
  return std::ranges::all_of(report.findings(), is_unknown) ? State::unknown : State::findings;
}

/// What a question gets that nobody is there to answer.
Answer not_asked(const Question& question) {
  static const std::string kWhy = "not asked";
  if (std::holds_alternative<AskServer>(question)) return ServerSaid{.answer = dns::Answer::failure(kWhy)};
  if (std::holds_alternative<AskPolicy>(question)) return PolicySaid{.why = kWhy, .unknown = true};
  if (std::holds_alternative<AskProbe>(question)) return ProbeSaid{.why = kWhy};
  return dns::Answer::failure(kWhy);
}
}  // namespace

const dns::Facts& DnsFacts::with(const Facts& facts) {
  for (const auto& [question, answer] : facts) {
    const auto* asked = std::get_if<dns::Question>(&question);
    if (asked != nullptr && dns_.find(*asked) == nullptr) dns_.put(*asked, std::get<dns::Answer>(answer));
  }
  return dns_;
}

Step<std::vector<Ran>, Question> run_checks(Checks checks, const Subject& subject, const Facts& facts,
                                            const dns::Facts& dns) {
  Look look(facts, dns);
  std::vector<Ran> out;
  for (const Check* check : checks) {
    Ran ran{.check = check, .why = std::string(left_out(*check, subject))};
    if (!ran.why.empty()) {
      ran.state = State::skipped;
      out.push_back(std::move(ran));
      continue;
    }
    Report report(*check);
    check->run(subject, look, report);
    ran.state = state_of(report);
    ran.findings = report.findings();
    ran.why = report.skipped();
    out.push_back(std::move(ran));
  }
  if (auto open = look.questions(); !open.empty()) return open;
  return out;
}

void check_domain(Checks checks, Subject subject, Ask ask, CheckDone done) {
  struct World {
    std::vector<const Check*> checks;
    Subject subject;
    DnsFacts dns;
  };
  const auto world = std::make_shared<World>(
      World{.checks = {checks.begin(), checks.end()}, .subject = std::move(subject), .dns = {}});
  auto decide = [world](const Facts& facts) {
    return run_checks(world->checks, world->subject, facts, world->dns.with(facts));
  };
  auto finish = [done = std::move(done)](const std::vector<Ran>* ran, const Facts& facts) {
    done(ran == nullptr ? std::vector<Ran>{} : *ran, facts);
  };
  Decision<std::vector<Ran>, Question, Answer>::run(std::move(decide), std::move(ask), std::move(finish),
                                                    kRoundsMax);
}

Ask ask_world(dns::Resolver& resolver, route::Post post, Ask others) {
  return [dns = route::ask_through(resolver, std::move(post)), others = std::move(others)](
             const Question& question, std::function<void(Answer)> reply) {
    if (const auto* asked = std::get_if<dns::Question>(&question)) {
      return dns(*asked, [reply = std::move(reply)](dns::Answer answer) { reply(std::move(answer)); });
    }
    if (others) return others(question, std::move(reply));
    reply(not_asked(question));
  };
}

std::vector<std::vector<Ran>> check_blocking(Checks checks, const std::vector<Subject>& subjects,
                                             const Outside& outside, size_t at_once,
                                             const std::function<void(size_t)>& progress) {
  const auto inbox = std::make_shared<route::Inbox>();
  const route::Post post = [inbox](std::function<void()> job) { inbox->post(std::move(job)); };
  const Ask ask = ask_world(outside.resolver, post, outside.others ? outside.others(post) : Ask{});
  std::vector<std::vector<Ran>> out(subjects.size());
  size_t started = 0;
  size_t ended = 0;
  while (ended < subjects.size()) {
    for (; started < subjects.size() && started < ended + at_once; ++started) {
      // Through the inbox, so that answers that come at once don't pile up on the stack.
      inbox->post([&, at = started] {
        check_domain(checks, subjects[at], ask, [&, at](std::vector<Ran> ran, const Facts&) {
          out[at] = std::move(ran);
          ++ended;
          if (progress) progress(ended);
        });
      });
    }
    inbox->run_one();
  }
  return out;
}

}  // namespace waybill::check
