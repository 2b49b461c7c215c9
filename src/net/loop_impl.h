// loop_impl.h: what a Loop is made of, for net/ alone: epoll, what was posted, timers, and the frames of
// spawned tasks.
//
// Why not Asio's: a wait there is an epoll_ctl, a speculative read and an allocation; here a descriptor is
// registered once, edge-triggered, and a wait costs nothing but the epoll_wait that all of the loop share.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <map>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "net/loop.h"

namespace waybill::net {

class Connection;

struct Loop::Timer::Impl {
  Work work;
  Loop::Impl* loop = nullptr;  ///< where it stands; null: nowhere any more, or on virtual time
  std::pair<Steady, uint64_t> place;
};

struct Loop::Impl {
  Impl();
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Any thread.
  void post(Work work);
  void stop();

  // The loop's thread only.
  void run();
  void add(const std::shared_ptr<Timer::Impl>& timer, Steady at);
  void remove(Timer::Impl& timer);
  /// Tells `connection` of the descriptor's events from now on, what is true already included. False: the
  /// system has no room for another one.
  [[nodiscard]] bool watch(int fd, Connection& connection);
  /// No event reaches the connection any more, not even one that has been fetched already.
  void unwatch(uint64_t watched);
  [[nodiscard]] uint64_t last_watched() const { return last_watched_; }

  VirtualWorld* world = nullptr;     ///< then nothing below but `frames` is used
  std::unordered_set<void*> frames;  ///< spawned tasks still under way

 private:
  void run_posted();
  void run_timers();
  /// How long to sleep, in milliseconds; -1: until something comes.
  [[nodiscard]] int wait_ms();
  void dispatch(const epoll_event& event);

  int epoll_ = -1;
  int bell_ = -1;  ///< an eventfd: somebody posted while the loop slept
  std::atomic<bool> stopped_{false};

  std::mutex mutex_;
  std::vector<Work> posted_;
  bool asleep_ = false;

  std::vector<Work> running_;
  std::map<std::pair<Steady, uint64_t>, std::shared_ptr<Timer::Impl>> timers_;
  uint64_t next_timer_ = 0;
  /// By slot: who is watched, and which watching of the slot it is; events carry both.
  struct Slot {
    Connection* connection = nullptr;
    uint32_t generation = 0;
  };
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  uint64_t last_watched_ = 0;
};

}  // namespace waybill::net
