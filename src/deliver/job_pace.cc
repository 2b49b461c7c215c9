// job_pace.cc: which connection must wait, and what goes first, where a destination has a limit, recovers, or
// has yet to prove itself. Nothing here runs for any other.
#include <algorithm>

#include "deliver/connection.h"
#include "deliver/job.h"

namespace waybill::deliver {

bool JobQueue::serves(const Connection& connection, const Job& job) const {
  return !job.has_tried(connection.plan().peer);
}

// What a connection gets that may not simply take the next job; none: it may.
std::optional<JobQueue::Taken> JobQueue::held_back(const std::shared_ptr<Connection>& connection,
                                                   Steady now) {
  const ConnectionPlan& plan = connection->plan();
  const auto proof = proving_.find(plan.id);
  const bool proving = proof != proving_.end();
  if (!proving && !pace_.any()) return std::nullopt;
  Taken taken;
  if (proving && proof->second == Proof::under_way) {
    idle_.push_back({connection, false, true});
    taken.held = true;
    return taken;
  }
  const bool work = std::ranges::any_of(lanes_, [&](const auto& lane) {
    return std::ranges::any_of(lane.second.jobs,
                               [&](const JobPtr& job) { return serves(*connection, *job); });
  });
  if (work && pace_.any() && !pace_.take(now)) {
    taken.look_again = pace_.next(now);
    idle_.push_back({connection, true, true});
    taken.held = true;
    return taken;
  }
  if (work) taken.job = take_paced(plan, now);
  if (!taken.job) {
    idle_.push_back({connection, false, false});
  } else if (proving) {
    proof->second = Proof::under_way;
  }
  return taken;
}

// Fresh mail and what waited take turns, so that neither is stuck behind the other; each by its age in this
// queue. A job that comes back from another host (its time is the beginning of time) goes first as ever.
JobPtr JobQueue::take_paced(const ConnectionPlan& plan, Steady now) {
  struct Found {
    Lane* lane = nullptr;
    std::deque<JobPtr>::iterator at;
  };
  const auto first = [&](bool backlog) {
    Found found;
    for (auto& [host, lane] : lanes_) {
      const auto at = std::ranges::find_if(lane.jobs, [&](const JobPtr& job) {
        return job->backlog == backlog && !job->has_tried(plan.peer);
      });
      if (at == lane.jobs.end()) continue;
      if (found.lane == nullptr || (*at)->queued_at < (*found.at)->queued_at) found = {&lane, at};
    }
    return found;
  };
  Found found = first(backlog_next_);
  if (found.lane == nullptr) found = first(!backlog_next_);
  if (found.lane == nullptr) return nullptr;
  JobPtr job = remove(*found.lane, found.at);
  backlog_next_ = !job->backlog;
  if (job->backlog) backlog_seen_ = now;
  return job;
}

void JobQueue::limit(double rate, Steady now) {
  const std::scoped_lock lock(mutex_);
  if (rate > 0) pace_.limit.emplace(rate, now);
}

void JobQueue::begin_ramp(const RampSettings& settings, double rate, Steady now) {
  const std::scoped_lock lock(mutex_);
  pace_.ramp.emplace(settings, rate, now);
  backlog_seen_ = now;
}

void JobQueue::end_ramp() {
  const std::scoped_lock lock(mutex_);
  pace_.ramp.reset();
}

void JobQueue::answered_well(Steady now) {
  const std::scoped_lock lock(mutex_);
  if (pace_.ramp) pace_.ramp->answered_well(now);
}

void JobQueue::slow_down(Steady now) {
  const std::scoped_lock lock(mutex_);
  if (pace_.ramp) pace_.ramp->slow_down(now);
}

std::optional<JobQueue::PaceView> JobQueue::pace(Steady now) const {
  const std::scoped_lock lock(mutex_);
  if (!pace_.ramp) return std::nullopt;
  PaceView out{.rate = pace_.ramp->rate(),
               .rate_max = pace_.ramp->rate_max(),
               .paused_until = std::nullopt,
               .backlog_seen = backlog_ > 0 ? now : backlog_seen_,
               .backlog = backlog_};
  if (pace_.limit) {
    out.rate = std::min(out.rate, pace_.limit->rate());
    out.rate_max = std::min(out.rate_max, pace_.limit->rate());
  }
  if (pace_.ramp->paused(now)) out.paused_until = pace_.ramp->paused_until();
  return out;
}

size_t JobQueue::backlog() const {
  const std::scoped_lock lock(mutex_);
  return backlog_;
}

bool JobQueue::held() const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(idle_, &Idle::held);
}

void JobQueue::prove(uint64_t connection) {
  const std::scoped_lock lock(mutex_);
  proving_[connection] = Proof::open;
}

bool JobQueue::proving(uint64_t connection) const {
  const std::scoped_lock lock(mutex_);
  return proving_.contains(connection);
}

std::shared_ptr<Connection> JobQueue::wake_held(uint64_t connection) {
  const auto at = std::ranges::find_if(
      idle_, [connection](const Idle& one) { return one.held && one.connection->id() == connection; });
  if (at == idle_.end()) return nullptr;
  auto found = std::move(at->connection);
  idle_.erase(at);
  return found;
}

std::shared_ptr<Connection> JobQueue::proved(uint64_t connection) {
  const std::scoped_lock lock(mutex_);
  proving_.erase(connection);
  return wake_held(connection);
}

std::shared_ptr<Connection> JobQueue::prove_again(uint64_t connection) {
  const std::scoped_lock lock(mutex_);
  const auto proof = proving_.find(connection);
  if (proof == proving_.end()) return nullptr;
  proof->second = Proof::open;
  return wake_held(connection);
}

}  // namespace waybill::deliver
