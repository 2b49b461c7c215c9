// places.h: how many may be at work at once, in all and for one address; the others wait their turn in order.
// Not thread-safe: one loop's thread. Outlives whoever waits.
#pragma once

#include <coroutine>
#include <deque>
#include <map>
#include <utility>

#include "base/ip.h"
#include "net/loop.h"

namespace waybill::probe {

class Places {
 public:
  Places(net::Loop& loop, size_t all_max, size_t address_max)
      : loop_(loop), all_max_(all_max), address_max_(address_max) {}

  /// Gives the place back at its end.
  class Place {
   public:
    Place(Places& places, const IpAddress& ip) : places_(&places), ip_(ip) {}
    Place(Place&& other) noexcept : places_(std::exchange(other.places_, nullptr)), ip_(other.ip_) {}
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (places_ != nullptr) places_->give_back(ip_);
    }

   private:
    Places* places_;
    IpAddress ip_;
  };

  struct Waiting {
    Places& places;
    IpAddress ip;
    bool await_ready() { return places.take(ip); }
    void await_suspend(std::coroutine_handle<> handle) { places.waiters_.push_back({ip, handle}); }
    Place await_resume() { return {places, ip}; }
  };
  /// `const auto place = co_await places.take_for(ip);`
  [[nodiscard]] Waiting take_for(const IpAddress& ip) { return {*this, ip}; }

 private:
  struct Waiter {
    IpAddress ip;
    std::coroutine_handle<> handle;
  };
  bool take(const IpAddress& ip) {
    if (all_ >= all_max_) return false;
    size_t& here = by_address_[ip];
    if (here >= address_max_) return false;
    ++here;
    ++all_;
    return true;
  }
  void give_back(const IpAddress& ip) {
    --all_;
    if (const auto at = by_address_.find(ip); --at->second == 0) by_address_.erase(at);
    for (auto at = waiters_.begin(); at != waiters_.end(); ++at) {
      if (!take(at->ip)) continue;
      loop_.post([handle = at->handle] { handle.resume(); });
      waiters_.erase(at);
      return;  // one place came free
    }
  }

  net::Loop& loop_;
  size_t all_max_;
  size_t address_max_;
  size_t all_ = 0;
  std::map<IpAddress, size_t> by_address_;
  std::deque<Waiter> waiters_;
};

}  // namespace waybill::probe
