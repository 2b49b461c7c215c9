#include "deliver/job.h"

#include <algorithm>

#include "deliver/connection.h"

namespace waybill::deliver {
namespace {
/// How much longer than its own a job of another host must have waited before a connection turns to it,
/// while that other host has connections too.
constexpr Millis kLoyalty{2'000};
}  // namespace

std::shared_ptr<Connection> JobQueue::wake_at(size_t place, const std::string& lane) {
  auto found = std::move(idle_[place]);
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(place));
  arrived(found->id());
  coming_[found->id()] = lane;
  ++lanes_[lane].coming;
  return found;
}

std::shared_ptr<Connection> JobQueue::wake_for(const Job& job, Wake wake) {
  // The last to rest is the warmest; the first ones time out, so that a quiet site keeps few connections.
  std::optional<size_t> best;
  for (size_t n = idle_.size(); n-- > 0;) {
    const ConnectionPlan& plan = idle_[n]->plan();
    if (job.has_tried(plan.peer)) continue;
    if (plan.host == job.wish) return wake_at(n, job.wish);
    if (!best || plan.tier < idle_[*best]->plan().tier) best = n;
  }
  return best && wake == Wake::any ? wake_at(*best, job.wish) : nullptr;
}

std::shared_ptr<Connection> JobQueue::push(JobPtr job, Wake wake) {
  const std::scoped_lock lock(mutex_);
  Lane& lane = lanes_[job->wish];
  lane.jobs.push_back(std::move(job));
  ++size_;
  return wake_for(*lane.jobs.back(), wake);
}

std::shared_ptr<Connection> JobQueue::push_front(JobPtr job) {
  const std::scoped_lock lock(mutex_);
  job->queued_at = Steady::min();
  Lane& lane = lanes_[job->wish];
  lane.jobs.push_front(std::move(job));
  ++size_;
  return wake_for(*lane.jobs.front(), Wake::any);
}

JobPtr JobQueue::take_or_rest(const std::shared_ptr<Connection>& connection) {
  const std::scoped_lock lock(mutex_);
  const ConnectionPlan& plan = connection->plan();
  arrived(plan.id);
  lanes_[plan.host].serving.insert(plan.id);
  Lane* from = nullptr;
  std::deque<JobPtr>::iterator which;
  Steady first{};
  for (auto& [host, lane] : lanes_) {
    const bool own = host == plan.host;
    if (!own && lane.jobs.size() <= lane.coming) continue;
    const auto at =
        std::ranges::find_if(lane.jobs, [&](const JobPtr& job) { return !job->has_tried(plan.peer); });
    if (at == lane.jobs.end()) continue;
    const Steady since = (*at)->queued_at;
    const bool patient = !own && !lane.serving.empty() && since != Steady::min();
    const Steady due = patient ? since + kLoyalty : since;
    if (from && (due > first || (due == first && !own))) continue;
    from = &lane;
    which = at;
    first = due;
  }
  if (!from) {
    idle_.push_back(connection);
    return nullptr;
  }
  JobPtr job = std::move(*which);
  from->jobs.erase(which);
  --size_;
  return job;
}

bool JobQueue::forget(const Connection* connection) {
  const std::scoped_lock lock(mutex_);
  return std::erase_if(idle_, [connection](const auto& one) { return one.get() == connection; }) > 0;
}

void JobQueue::arrived(uint64_t id) {
  const auto at = coming_.find(id);
  if (at == coming_.end()) return;
  --lanes_[at->second].coming;
  coming_.erase(at);
}

void JobQueue::expect(const Connection& connection) {
  const std::scoped_lock lock(mutex_);
  arrived(connection.id());
  coming_[connection.id()] = connection.plan().host;
  ++lanes_[connection.plan().host].coming;
}

void JobQueue::give_up_on(const Connection& connection) {
  const std::scoped_lock lock(mutex_);
  arrived(connection.id());
}

void JobQueue::gone(const Connection& connection) {
  const std::scoped_lock lock(mutex_);
  arrived(connection.id());
  const auto at = lanes_.find(connection.plan().host);
  if (at == lanes_.end()) return;
  at->second.serving.erase(connection.id());
  if (at->second.serving.empty() && at->second.jobs.empty() && at->second.coming == 0) lanes_.erase(at);
}

std::shared_ptr<Connection> JobQueue::match() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [host, lane] : lanes_) {
    if (lane.jobs.size() <= lane.coming) continue;
    if (auto found = wake_for(*lane.jobs.front(), Wake::any)) return found;
  }
  return nullptr;
}

bool JobQueue::has_idle(const std::string& host) const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(idle_, [&host](const auto& one) { return one->plan().host == host; });
}

std::optional<size_t> JobQueue::best_idle_tier() const {
  const std::scoped_lock lock(mutex_);
  std::optional<size_t> best;
  for (const auto& one : idle_) best = std::min(best.value_or(one->plan().tier), one->plan().tier);
  return best;
}

std::vector<JobPtr> JobQueue::drain() {
  const std::scoped_lock lock(mutex_);
  std::vector<JobPtr> all;
  all.reserve(size_);
  for (auto& [host, lane] : lanes_) {
    for (JobPtr& job : lane.jobs) all.push_back(std::move(job));
    lane.jobs.clear();
  }
  size_ = 0;
  return all;
}

size_t JobQueue::size() const {
  const std::scoped_lock lock(mutex_);
  return size_;
}

size_t JobQueue::unattended() const {
  const std::scoped_lock lock(mutex_);
  return size_ - std::min(size_, coming_.size());
}

const JobQueue::Lane* JobQueue::first_lane() const {
  const Lane* first = nullptr;
  for (const auto& [host, lane] : lanes_) {
    if (lane.jobs.empty()) continue;
    if (!first || lane.jobs.front()->queued_at < first->jobs.front()->queued_at) first = &lane;
  }
  return first;
}

JobQueue::Lane* JobQueue::first_lane() { return const_cast<Lane*>(std::as_const(*this).first_lane()); }

std::vector<Peer> JobQueue::first_tried() const {
  const std::scoped_lock lock(mutex_);
  const Lane* lane = first_lane();
  return lane ? lane->jobs.front()->tried : std::vector<Peer>();
}

JobPtr JobQueue::take_exhausted(const std::vector<Peer>& peers) {
  const std::scoped_lock lock(mutex_);
  Lane* lane = first_lane();
  if (!lane) return nullptr;
  const Job& first = *lane->jobs.front();
  if (!std::ranges::all_of(peers, [&first](const Peer& peer) { return first.has_tried(peer); }))
    return nullptr;
  JobPtr job = std::move(lane->jobs.front());
  lane->jobs.pop_front();
  --size_;
  return job;
}

}  // namespace waybill::deliver
