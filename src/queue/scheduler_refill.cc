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
constexpr size_t kOldestMax = 20'000;    // of one domain; 16 octets each
constexpr size_t kProbeEntries = 16;     // looked at in each domain for one to probe with
constexpr size_t kProbeDomains = 1000;
}  // namespace

Status Scheduler::refill(Time now) {
  // The clock went back: what was due once may not be now, and what comes may sort before it. Begin anew.
  if (swept_ && now < swept_->at) {
    swept_.reset();
    swept_to_end_ = false;
  }
  if (auto done = refill_released(); !done) return done;
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
  const size_t used = at == lanes_.end() ? 0 : at->second.backlog_recipients;
  const size_t wanted = release_most();
  return used >= wanted ? 0 : std::min({lane_room(domain, For::release), kLanePage, wanted - used});
}

// One page of the domain's index; how many entries were read.
Result<size_t> Scheduler::read_oldest(const std::string& domain, Release& release) const {
  const auto entries = store_.due_in_domain(domain, release.cursor, Time::max(), kSweepPage);
  if (!entries) return pass(entries.error());
  std::vector<RecipientKey>& oldest = release.oldest;
  for (const Due& entry : *entries) {
    if (entry.key <= release.after) continue;
    release.more = release.more || oldest.size() == kOldestMax;
    if (oldest.size() == kOldestMax) {
      if (entry.key > oldest.front()) continue;
      std::ranges::pop_heap(oldest);
      oldest.pop_back();
    }
    oldest.push_back(entry.key);
    std::ranges::push_heap(oldest);
  }
  if (!entries->empty()) release.cursor = entries->back();
  release.read = entries->size() < kSweepPage;
  if (release.read) std::ranges::sort_heap(oldest);
  return entries->size();
}

Status Scheduler::refill_released() {
  size_t read = 0;
  for (auto at = released_.begin(); at != released_.end() && ready_recipients_ < refill_mark();) {
    const std::string domain = at->first;
    Release& release = at->second;
    while (!release.read && read < kLagEntriesMax) {
      const auto count = read_oldest(domain, release);
      if (!count) return pass(count.error());
      read += *count + 1;
    }
    const size_t page =
        release.read ? std::min(release_room(domain), release.oldest.size() - release.taken) : 0;
    std::vector<Due> entries;
    for (size_t n = 0; n < page; ++n) entries.push_back({{}, release.oldest[release.taken + n], domain});
    release.taken += page;
    if (page > 0) release.after = entries.back().key;
    const Time since = release.since;
    const bool over = release.read && release.taken == release.oldest.size();
    if (over && release.more) {
      release = Release{.since = since, .cursor = {}, .oldest = {}, .after = release.after};
      ++at;
    } else {
      at = over ? released_.erase(at) : std::next(at);
    }
    if (auto taken = take(entries, Time::max(), since); !taken) return taken;
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
    if (lane_room(entry.domain, not_tried_since ? For::release : For::others) <= taken ||
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
      work.backlog = is_backlog(work.message->id, work.members);
      add_work(std::exchange(work, {}), entry.domain);
    }
  }
  for (auto& [key, work] : groups) {
    if (!work.message) continue;
    work.backlog = is_backlog(work.message->id, work.members);
    add_work(std::move(work), std::get<1>(key));
  }
  return {};
}

void Scheduler::release_domains(const std::vector<std::string>& domains, Time now) {
  for (const std::string& domain : domains) {
    released_[domain] = {};
    released_[domain].since = now;
  }
}

Result<bool> Scheduler::release_one(const std::vector<std::string>& domains) {
  for (size_t n = 0; n < std::min(domains.size(), kProbeDomains); ++n) {
    const auto entries = store_.due_in_domain(domains[n], std::nullopt, Time::max(), kProbeEntries);
    if (!entries) return pass(entries.error());
    for (const Due& entry : *entries) {
      if (slots_.contains(entry.key)) return true;  // on its way already
      if (auto taken = take({entry}, Time::max(), std::nullopt); !taken) return pass(taken.error());
      if (slots_.contains(entry.key)) return true;
    }
  }
  return false;
}

void Scheduler::withhold(const std::vector<std::string>& domains) {
  for (const std::string& domain : domains) released_.erase(domain);
}

std::optional<Time> Scheduler::next_wake(Time now) const {
  if (in_flight_.size() < limits_.outstanding_max && !turn_.empty()) return now;
  if (ready_recipients_ < refill_mark()) {
    if (!swept_to_end_) return now;
    for (const auto& [domain, lag] : lagging_) {
      if (wants_refill(domain)) return now;
    }
    for (const auto& [domain, release] : released_) {
      if (!release.read || release_room(domain) > 0) return now;
    }
  } else if (in_flight_.size() >= limits_.outstanding_max) {
    return std::nullopt;  // an answer wakes us
  }
  if (!upcoming_ || ready_recipients_ >= refill_mark()) return std::nullopt;
  return std::max(*upcoming_, now);
}

}  // namespace waybill::queue
