// scheduler_refill.cc: how the scheduler's window is filled from the due index: a sweep that only goes
// forward, the domains that had more than the window took, and the domains whose host came back.
#include <algorithm>
#include <map>
#include <tuple>

#include "queue/scheduler.h"

namespace waybill::queue {
namespace {
constexpr size_t kSweepPage = 1000;
constexpr int kSweepPagesMax = 4;  // a call: the loop has other things to do
constexpr size_t kLanePage = 500;
constexpr size_t kLagEntriesMax = 4000;  // a call
}  // namespace

Status Scheduler::refill(Time now) {
  // The clock went back: what was due once may not be now, and what comes may sort before it. Begin anew.
  if (swept_ && now < swept_->at) {
    swept_.reset();
    swept_to_end_ = false;
  }
  if (auto done = refill_released(now); !done) return done;
  if (auto done = refill_lagging(now); !done) return done;
  return sweep(now);
}

Status Scheduler::sweep(Time now) {
  for (int page = 0; page < kSweepPagesMax && ready_recipients_ < refill_mark(); ++page) {
    if (swept_to_end_ && (!upcoming_ || *upcoming_ > now)) return {};
    const auto entries = store_.due(swept_, now, kSweepPage);
    if (!entries) return pass(entries.error());
    if (auto taken = take(*entries, now, std::nullopt); !taken) return taken;
    if (!entries->empty()) swept_ = entries->back();
    swept_to_end_ = entries->size() < kSweepPage;
    if (!swept_to_end_) continue;
    const auto first = store_.due(swept_, Time::max(), 1);
    if (!first) return pass(first.error());
    upcoming_ = first->empty() ? std::nullopt : std::optional(first->front().at);
  }
  return {};
}

bool Scheduler::wants_refill(const std::string& domain) const {
  const auto at = lanes_.find(domain);
  const size_t used = at == lanes_.end() ? 0 : at->second.ready_recipients;
  return used <= lane_cap() / 2 && lane_room(domain) > 0;
}

Status Scheduler::refill_lagging(Time now) {
  size_t read = 0;
  size_t visits = lagging_.size();
  auto at = lagging_.upper_bound(refilled_last_);
  while (visits-- > 0 && !lagging_.empty() && read < kLagEntriesMax && ready_recipients_ < refill_mark()) {
    if (at == lagging_.end()) at = lagging_.begin();
    const std::string domain = at->first;
    if (!wants_refill(domain)) {
      ++at;
      continue;
    }
    const size_t page = std::min(lane_room(domain), kLanePage);
    const auto entries = store_.due_in_domain(domain, at->second.cursor, now, page);
    if (!entries) return pass(entries.error());
    read += entries->size() + 1;
    refilled_last_ = domain;
    if (!entries->empty()) at->second.cursor = entries->back();
    if (entries->size() < page) {
      // The clock may have gone back since the domain fell behind: then one is due only later, and the sweep,
      // which saw the queue without it, has to know when.
      const auto later = store_.due_in_domain(domain, at->second.cursor, Time::max(), 1);
      if (!later) return pass(later.error());
      if (!later->empty()) upcoming_ = std::min(upcoming_.value_or(Time::max()), later->front().at);
    }
    if (entries->size() == page) {
      ++at;
    } else if (at->second.again) {
      at->second = Lag{};
      ++at;
    } else {
      at = lagging_.erase(at);
    }
    if (auto taken = take(*entries, now, std::nullopt); !taken) return taken;
  }
  return {};
}

// A little more than can be handed out: the host that is just back gets its mail in order, not at once.
size_t Scheduler::release_room(const std::string& domain) const {
  const auto at = lanes_.find(domain);
  const size_t used = at == lanes_.end() ? 0 : at->second.ready_recipients;
  const size_t wanted = 2 * limits_.outstanding_per_domain_max;
  return used >= wanted ? 0 : std::min({lane_room(domain), kLanePage, wanted - used});
}

Status Scheduler::refill_released(Time) {
  for (auto at = released_.begin(); at != released_.end() && ready_recipients_ < refill_mark();) {
    const std::string domain = at->first;
    const size_t page = release_room(domain);
    if (page == 0) {
      ++at;
      continue;
    }
    const auto entries = store_.due_in_domain(domain, at->second.cursor, Time::max(), page);
    if (!entries) return pass(entries.error());
    if (!entries->empty()) at->second.cursor = entries->back();
    const Time since = at->second.since;
    at = entries->size() < page ? released_.erase(at) : std::next(at);
    if (auto taken = take(*entries, Time::max(), since); !taken) return taken;
  }
  return {};
}

// Index entries are only hints: the record decides, and it is read now.
Status Scheduler::take(const std::vector<Due>& entries, Time until, std::optional<Time> not_tried_since) {
  std::map<std::tuple<MessageId, std::string, std::string, bool>, Work> groups;
  std::map<std::string, size_t> waiting;
  size_t waiting_all = 0;
  std::shared_ptr<const MessageRecord> message;
  for (const Due& entry : entries) {
    if (slots_.contains(entry.key)) continue;
    size_t& taken = waiting[entry.domain];
    if (lane_room(entry.domain) <= taken ||
        ready_recipients_ + waiting_all >= limits_.window_recipients_max) {
      lag(entry.domain);
      continue;
    }
    auto record = store_.recipient(entry.key);
    if (!record) {
      if (record.error().code == Errc::corrupt) continue;  // the store names it and sets it aside
      return pass(record.error());
    }
    if (!*record || (*record)->state != State::queued || (*record)->next_attempt > until) continue;
    if (not_tried_since && (*record)->last_attempt >= *not_tried_since) continue;
    if (!message || message->id != entry.key.message) {
      auto read = store_.message(entry.key.message);
      if (!read) {
        if (read.error().code == Errc::corrupt) continue;
        return pass(read.error());
      }
      if (!*read) continue;
      message = std::make_shared<const MessageRecord>(std::move(**read));
    }
    Work& work = groups[{entry.key.message, entry.domain, (*record)->route_pin, (*record)->released}];
    if (!work.message) {
      work.message = message;
      work.body = keep_body(nullptr, *message);
    }
    work.members.push_back({entry.key.index, 0, std::move(**record)});
    ++taken;
    ++waiting_all;
    if (work.members.size() >= limits_.recipients_per_delivery_max) {
      waiting_all -= work.members.size();
      taken -= work.members.size();  // from here on the lane itself counts them
      add_work(std::exchange(work, {}), entry.domain);
    }
  }
  for (auto& [key, work] : groups) {
    if (work.message) add_work(std::move(work), std::get<1>(key));
  }
  return {};
}

void Scheduler::release_domains(const std::vector<std::string>& domains, Time now) {
  for (const std::string& domain : domains) released_[domain] = Release{std::nullopt, now};
}

std::optional<Time> Scheduler::next_wake(Time now) const {
  if (in_flight_.size() < limits_.outstanding_max && !turn_.empty()) return now;
  if (ready_recipients_ < refill_mark()) {
    if (!swept_to_end_) return now;
    for (const auto& [domain, lag] : lagging_) {
      if (wants_refill(domain)) return now;
    }
    for (const auto& [domain, release] : released_) {
      if (release_room(domain) > 0) return now;
    }
  } else if (in_flight_.size() >= limits_.outstanding_max) {
    return std::nullopt;  // an answer wakes us
  }
  if (!upcoming_ || ready_recipients_ >= refill_mark()) return std::nullopt;
  return std::max(*upcoming_, now);
}

}  // namespace waybill::queue
