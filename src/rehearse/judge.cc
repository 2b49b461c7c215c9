#include "rehearse/judge.h"

#include <algorithm>
#include <deque>
#include <map>

namespace waybill::rehearse {
namespace {
using What = Expectation::What;
using Key = std::pair<MessageId, uint32_t>;

/// One recipient's life.
struct Life {
  const Journal::Arrival* arrival = nullptr;
  std::vector<const Journal::Attempt*> attempts;
  [[nodiscard]] const Journal::Attempt* end() const {
    return !attempts.empty() && queue::is_final(attempts.back()->after) ? attempts.back() : nullptr;
  }
};

bool has_status(const mail::Reply& reply, const std::string& status) {
  return status.empty() || reply.enhanced.to_string() == status || fmt::format("{}", reply.code) == status;
}

class Judge {
 public:
  Judge(const Scenario& scenario, const Journal& journal);
  std::vector<std::string> run();

 private:
  [[nodiscard]] std::string check(const Expectation& one) const;
  [[nodiscard]] std::string check_lives(const Expectation& one) const;
  [[nodiscard]] std::string check_life(const Expectation& one, const Life& life) const;
  [[nodiscard]] std::string check_end(const Expectation& one, const Life& life) const;
  [[nodiscard]] std::string check_shares(const Expectation& one) const;
  [[nodiscard]] uint64_t count(const Expectation& one) const;
  [[nodiscard]] bool is_host(const std::string& name, const std::string& label) const;
  [[nodiscard]] std::string describe(const Life& life) const;

  const Scenario& scenario_;
  const Journal& journal_;
  std::vector<Life> lives_;
};

Judge::Judge(const Scenario& scenario, const Journal& journal) : scenario_(scenario), journal_(journal) {
  std::map<Key, size_t> places;
  for (const Journal::Arrival& one : journal.arrivals) {
    places[{one.message, one.index}] = lives_.size();
    lives_.push_back({&one, {}});
  }
  for (const Journal::Attempt& one : journal.attempts)
    lives_[places.at({one.message, one.index})].attempts.push_back(&one);
}

bool Judge::is_host(const std::string& name, const std::string& label) const {
  const Host* host = scenario_.find_host(name);
  return host != nullptr && host->label == label;
}

std::string Judge::describe(const Life& life) const {
  if (life.attempts.empty()) return "it was never tried";
  const Journal::Attempt& last = *life.attempts.back();
  return fmt::format("after {} attempt{} it is {} at {}{}{}: {}", life.attempts.size(),
                     life.attempts.size() == 1 ? "" : "s", queue::to_string(last.after),
                     format_duration(last.at), last.host.empty() ? "" : " by ", last.host,
                     last.reply.to_string());
}

std::string Judge::check_end(const Expectation& one, const Life& life) const {
  const Journal::Attempt* end = life.end();
  const bool met = end != nullptr && end->after == one.state && has_status(end->reply, one.status) &&
                   (one.host.empty() || is_host(end->host, one.host)) && one.window.holds(end->at);
  return met ? "" : describe(life);
}

std::string Judge::check_life(const Expectation& one, const Life& life) const {
  const auto in_window = [&one](const Journal::Attempt* attempt) { return one.window.holds(attempt->at); };
  switch (one.what) {
    case What::fate:
    case What::report_fate:
      return check_end(one, life);
    case What::never_fate:
      return life.end() != nullptr && life.end()->after == one.state ? describe(life) : "";
    case What::waiting: {
      const Millis at = one.window.from;
      const bool waits = life.arrival->at <= at && (life.end() == nullptr || life.end()->at > at);
      return waits ? "" : describe(life);
    }
    case What::deferred: {
      const bool met = std::ranges::any_of(life.attempts, [&](const Journal::Attempt* attempt) {
        return attempt->after == queue::State::queued && has_status(attempt->reply, one.status) &&
               (one.host.empty() || is_host(attempt->host, one.host)) && in_window(attempt);
      });
      return met ? "" : describe(life);
    }
    case What::attempt: {
      if (one.nth == 0 || life.attempts.size() < one.nth) return describe(life);
      const Journal::Attempt& nth = *life.attempts[one.nth - 1];
      const bool met = one.window.holds(nth.at) && (one.host.empty() || is_host(nth.host, one.host)) &&
                       has_status(nth.reply, one.status);
      return met ? ""
                 : fmt::format("it was at {} by '{}': {}", format_duration(nth.at), nth.host,
                               nth.reply.to_string());
    }
    case What::attempts_for: {
      const auto made = static_cast<uint64_t>(std::ranges::count_if(life.attempts, in_window));
      return one.count.holds(made) ? "" : fmt::format("there were {}; {}", made, describe(life));
    }
    default:
      return "";
  }
}

std::string Judge::check_lives(const Expectation& one) const {
  uint64_t meant = 0, unmet = 0;
  std::string first;
  for (const Life& life : lives_) {
    if (life.arrival->report != (one.what == What::report_fate) || !like(life.arrival->recipient, one.who))
      continue;
    ++meant;
    const std::string why = check_life(one, life);
    if (why.empty()) continue;
    if (unmet++ == 0) first = fmt::format("{}: {}", life.arrival->recipient, why);
  }
  if (meant == 0) return fmt::format("nothing was ever sent to {}", one.who);
  if (unmet == 0) return "";
  return meant == 1 ? first : fmt::format("not so for {} of {}, first {}", unmet, meant, first);
}

uint64_t Judge::count(const Expectation& one) const {
  const auto holds = [&one](const auto& event) { return one.window.holds(event.at); };
  const auto tally = [&](const auto& events, auto matches) {
    return static_cast<uint64_t>(
        std::ranges::count_if(events, [&](const auto& event) { return holds(event) && matches(event); }));
  };
  switch (one.what) {
    case What::attempts_at:
      return tally(journal_.connects, [&](const auto& event) { return event.host == one.host; });
    case What::took:
      return tally(journal_.taken, [&](const auto& event) { return event.host == one.host; });
    case What::most: {
      // Any second, not those of the clock: a burst across their border would look half as large.
      std::deque<Millis> last;
      size_t most = 0;
      for (const auto& event : journal_.taken) {
        if (event.host != one.host || !one.window.holds(event.at)) continue;
        last.push_back(event.at);
        while (event.at - last.front() >= Seconds{1}) last.pop_front();
        most = std::max(most, last.size());
      }
      return most;
    }
    case What::lookups:
      return tally(journal_.lookups, [&](const auto& event) {
        return event.question.name == one.question_name &&
               (!one.question_type || event.question.type == *one.question_type);
      });
    case What::reports:
      return tally(journal_.reports, [&](const auto& event) {
        return like(event.to, one.who) && (!one.kind || event.kind == *one.kind) &&
               (one.status.empty() || event.status == one.status);
      });
    case What::queue: {
      uint64_t depth = 0;
      for (const Journal::Depth& event : journal_.depths) {
        if (event.at > one.window.from) break;
        depth = event.recipients;
      }
      return depth;
    }
    default:
      return 0;
  }
}

std::string Judge::check_shares(const Expectation& one) const {
  uint64_t all = 0, own = 0;
  for (const Journal::Taken& event : journal_.taken) {
    if (!one.window.holds(event.at)) continue;
    ++all;
    own += event.host == one.host ? 1 : 0;
  }
  if (all == 0) return "nobody took anything";
  const double share = static_cast<double>(own) / static_cast<double>(all);
  if (share >= one.share_min && share <= one.share_max) return "";
  return fmt::format("it took {} of {}, {:.1f}%", own, all, share * 100);
}

std::string Judge::check(const Expectation& one) const {
  switch (one.what) {
    case What::attempts_at:
    case What::took:
    case What::most:
    case What::lookups:
    case What::reports:
    case What::queue: {
      const uint64_t counted = count(one);
      return one.count.holds(counted) ? "" : fmt::format("it was {}", counted);
    }
    case What::took_share:
      return check_shares(one);
    default:
      return check_lives(one);
  }
}

std::vector<std::string> Judge::run() {
  std::vector<std::string> out;
  for (const Expectation& one : scenario_.expectations) {
    const bool too_late = one.window.from > journal_.end && scenario_.run;
    std::string why = too_late ? "the run ended before" : check(one);
    if (!why.empty()) out.push_back(fmt::format("{}:{}: {}: {}", scenario_.file, one.line, one.text, why));
  }
  for (const std::string& fault : journal_.custody_faults)
    out.push_back(fmt::format("{}: custody: {}", scenario_.file, fault));
  return out;
}
}  // namespace

std::vector<std::string> judge(const Scenario& scenario, const Journal& journal) {
  return Judge(scenario, journal).run();
}

}  // namespace waybill::rehearse
