#include "deliver/job.h"

#include <algorithm>

#include "deliver/connection.h"

namespace waybill::deliver {
namespace {
/// How much longer than its own a job of another host must have waited before a connection turns to it,
/// while that other host has connections too.
constexpr Millis kLoyalty{2'000};
/// The same for a connection that has nothing else to do. Long enough that a burst is shared as it was dealt.
constexpr Millis kPatience{250};

/// One that comes back from a host goes to whoever is free.
bool returned(const Job& job) { return job.queued_at == Steady::min(); }
}  // namespace

std::shared_ptr<Connection> JobQueue::wake_at(size_t place, const std::string& lane) {
  auto found = std::move(idle_[place].connection);
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(place));
  arrived(found->id());
  coming_[found->id()] = lane;
  ++lanes_[lane].coming;
  return found;
}

std::shared_ptr<Connection> JobQueue::wake_for(const Job& job, Wake wake) {
  const bool patient = !returned(job) && lanes_[job.wish].attended();
  // The last to rest is the warmest; the first ones time out, so that a quiet site keeps few connections.
  std::optional<size_t> best;
  for (size_t n = idle_.size(); n-- > 0;) {
    const ConnectionPlan& plan = idle_[n].connection->plan();
    if (idle_[n].held || job.has_tried(plan.peer)) continue;
    // Who has yet to prove itself gets the first that comes.
    if (plan.host == job.wish || proving_.contains(plan.id)) return wake_at(n, job.wish);
    if (patient && idle_[n].watching) continue;
    if (!best || plan.tier < idle_[*best].connection->plan().tier) best = n;
  }
  return best && wake == Wake::any ? wake_at(*best, job.wish) : nullptr;
}

std::shared_ptr<Connection> JobQueue::push(JobPtr job, Wake wake) {
  const std::scoped_lock lock(mutex_);
  Lane& lane = lanes_[job->wish];
  backlog_ += job->backlog ? 1 : 0;
  lane.jobs.push_back(std::move(job));
  ++size_;
  return wake_for(*lane.jobs.back(), wake);
}

std::shared_ptr<Connection> JobQueue::push_front(JobPtr job) {
  const std::scoped_lock lock(mutex_);
  job->queued_at = Steady::min();
  Lane& lane = lanes_[job->wish];
  backlog_ += job->backlog ? 1 : 0;
  lane.jobs.push_front(std::move(job));
  ++size_;
  return wake_for(*lane.jobs.front(), Wake::any);
}

JobQueue::Taken JobQueue::take_or_rest(const std::shared_ptr<Connection>& connection, Steady now) {
  const std::scoped_lock lock(mutex_);
  const ConnectionPlan& plan = connection->plan();
  arrived(plan.id);
  Lane& own = lanes_[plan.host];
  own.serving.insert(plan.id);
  if (pace_.any() || !proving_.empty()) {
    if (auto taken = held_back(connection, now)) return std::move(*taken);
  }
  const auto next = [&plan](Lane& lane) {
    return std::ranges::find_if(lane.jobs, [&](const JobPtr& job) { return !job->has_tried(plan.peer); });
  };
  Lane* from = &own;
  auto which = next(own);
  const bool has_own = which != own.jobs.end();
  Steady first = has_own ? (*which)->queued_at : Steady::max();
  Taken taken;
  for (auto& [host, lane] : lanes_) {
    if (&lane == &own || lane.jobs.size() <= lane.coming) continue;
    const auto at = next(lane);
    if (at == lane.jobs.end()) continue;
    Steady due = (*at)->queued_at;
    if (lane.attended() && !returned(**at)) {
      due += has_own ? kLoyalty : kPatience;
      if (!has_own && due > now) {
        taken.look_again = std::min(taken.look_again.value_or(due), due);
        continue;
      }
    }
    if (due >= first) continue;
    from = &lane;
    which = at;
    first = due;
  }
  if (first == Steady::max()) {
    idle_.push_back({connection, taken.look_again.has_value(), false});
    return taken;
  }
  taken.job = remove(*from, which);
  taken.look_again.reset();
  return taken;
}

JobPtr JobQueue::remove(Lane& lane, std::deque<JobPtr>::iterator at) {
  JobPtr job = std::move(*at);
  lane.jobs.erase(at);
  --size_;
  backlog_ -= job->backlog ? 1 : 0;
  return job;
}

bool JobQueue::forget(const Connection* connection) {
  const std::scoped_lock lock(mutex_);
  return std::erase_if(idle_, [connection](const auto& one) { return one.connection.get() == connection; }) >
         0;
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
  proving_.erase(connection.id());
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
  return std::ranges::any_of(idle_, [&host](const auto& one) { return one.connection->plan().host == host; });
}

std::set<std::string> JobQueue::idle_hosts() const {
  const std::scoped_lock lock(mutex_);
  std::set<std::string> hosts;
  for (const auto& one : idle_) hosts.insert(one.connection->plan().host);
  return hosts;
}

std::optional<size_t> JobQueue::best_idle_tier() const {
  const std::scoped_lock lock(mutex_);
  std::optional<size_t> best;
  for (const auto& one : idle_) {
    const size_t tier = one.connection->plan().tier;
    best = std::min(best.value_or(tier), tier);
  }
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
  backlog_ = 0;
  return all;
}

std::vector<JobPtr> JobQueue::take_if(const std::function<bool(const Job&)>& wanted) {
  const std::scoped_lock lock(mutex_);
  std::vector<JobPtr> taken;
  for (auto& [host, lane] : lanes_) {
    const auto rest =
        std::ranges::stable_partition(lane.jobs, [&](const JobPtr& job) { return !wanted(*job); });
    std::ranges::move(rest, std::back_inserter(taken));
    lane.jobs.erase(rest.begin(), rest.end());
  }
  size_ -= taken.size();
  for (const JobPtr& job : taken) backlog_ -= job->backlog ? 1 : 0;
  return taken;
}

bool JobQueue::holds(const std::function<bool(const Job&)>& wanted) const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(lanes_, [&](const auto& lane) {
    return std::ranges::any_of(lane.second.jobs, [&](const JobPtr& job) { return wanted(*job); });
  });
}

void JobQueue::shut() {
  std::vector<Idle> released;  // freed after the lock: the last of them may free this queue
  const std::scoped_lock lock(mutex_);
  released.swap(idle_);
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
  return remove(*lane, lane->jobs.begin());
}

}  // namespace waybill::deliver
