#include "net/loop_impl.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "net/connection.h"

namespace waybill::net {
namespace {
constexpr uint64_t kBell = ~0ULL;
constexpr int kEventsMax = 256;
constexpr uint64_t token(uint32_t slot, uint32_t generation) {
  return static_cast<uint64_t>(generation) << 32 | slot;
}
}  // namespace

Loop::Impl::Impl() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = kBell}};
  if (epoll_ < 0 || bell_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, bell_, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make an event loop");
}

Loop::Impl::~Impl() {
  // What is destroyed here may post or cancel: until nothing comes any more.
  while (!posted_.empty() || !running_.empty() || !timers_.empty()) {
    running_.clear();
    std::vector<Work> dropped;
    {
      const std::scoped_lock lock(mutex_);
      dropped.swap(posted_);
    }
    dropped.clear();
    while (!timers_.empty()) {
      const auto timer = timers_.begin()->second;
      remove(*timer);
      timer->work = nullptr;
    }
  }
  ::close(bell_);
  ::close(epoll_);
}

void Loop::Impl::post(Work work) {
  bool ring = false;
  {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(work));
    ring = std::exchange(asleep_, false);
  }
  // A loop that is awake looks before it sleeps.
  if (ring) (void)::eventfd_write(bell_, 1);
}

void Loop::Impl::stop() {
  stopped_.store(true, std::memory_order_release);
  (void)::eventfd_write(bell_, 1);
}

void Loop::Impl::run() {
  std::array<epoll_event, kEventsMax> events;
  while (!stopped_.load(std::memory_order_acquire)) {
    run_posted();
    run_timers();
    if (stopped_.load(std::memory_order_acquire)) return;
    const int count = ::epoll_wait(epoll_, events.data(), kEventsMax, wait_ms());
    {
      const std::scoped_lock lock(mutex_);
      asleep_ = false;
    }
    for (int i = 0; i < count && !stopped_.load(std::memory_order_relaxed); ++i)
      dispatch(events[static_cast<size_t>(i)]);
  }
}

void Loop::Impl::run_posted() {
  {
    const std::scoped_lock lock(mutex_);
    running_.swap(posted_);
  }
  // What these post has its turn after the descriptors had theirs.
  for (Work& work : running_) {
    if (stopped_.load(std::memory_order_relaxed)) break;
    std::exchange(work, nullptr)();
  }
  running_.clear();
}

int Loop::Impl::wait_ms() {
  constexpr int64_t kLongest = 3'600'000;
  int64_t wait = -1;
  if (!timers_.empty()) {
    const auto left = (timers_.begin()->first.first - steady_now()).count();
    wait = std::clamp<int64_t>(left, 0, kLongest);
  }
  const std::scoped_lock lock(mutex_);
  if (!posted_.empty()) return 0;
  asleep_ = wait != 0;
  return static_cast<int>(wait);
}

// -- timers ---------------------------------------------------------------------------------------------

void Loop::Impl::add(const std::shared_ptr<Timer::Impl>& timer, Steady at) {
  timer->loop = this;
  timer->place = {at, next_timer_++};
  timers_.emplace(timer->place, timer);
}

void Loop::Impl::remove(Timer::Impl& timer) {
  if (timer.loop != this) return;
  timer.loop = nullptr;
  timers_.erase(timer.place);
}

void Loop::Impl::run_timers() {
  if (timers_.empty()) return;
  const Steady now = steady_now();
  // What these set for now has its turn after the descriptors had theirs.
  const uint64_t fresh = next_timer_;
  while (!timers_.empty() && timers_.begin()->first.first <= now && timers_.begin()->first.second < fresh) {
    if (stopped_.load(std::memory_order_relaxed)) return;
    const auto timer = timers_.begin()->second;
    remove(*timer);
    // The work may destroy its Timer: it is moved out before it runs.
    if (timer->work) std::exchange(timer->work, nullptr)();
  }
}

// -- descriptors ----------------------------------------------------------------------------------------

bool Loop::Impl::watch(int fd, Connection& connection) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t slot = free_.back();
  const uint64_t watched = token(slot, slots_[slot].generation);
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = watched}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
  free_.pop_back();
  slots_[slot].connection = &connection;
  last_watched_ = watched;
  return true;
}

// The descriptor's closing takes it out of epoll.
void Loop::Impl::unwatch(uint64_t watched) {
  const auto slot = static_cast<uint32_t>(watched);
  if (slots_[slot].generation != watched >> 32) return;
  slots_[slot].connection = nullptr;
  ++slots_[slot].generation;
  free_.push_back(slot);
}

void Loop::Impl::dispatch(const epoll_event& event) {
  if (event.data.u64 == kBell) return;  // edge-triggered: what is rung needs no reading
  const auto slot = static_cast<uint32_t>(event.data.u64);
  if (slot >= slots_.size() || slots_[slot].generation != event.data.u64 >> 32) return;
  if (Connection* connection = slots_[slot].connection) connection->on_events(event.events);
}

}  // namespace waybill::net
