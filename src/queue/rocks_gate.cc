#include "queue/rocks_gate.h"

namespace waybill::queue::rocks {
namespace {
// Only a hint for liveness: that nobody comes in once the closer goes on rests on the count alone.
thread_local int passes_held = 0;
}  // namespace

int Gate::held_here() { return passes_held; }

Gate::Pass Gate::enter() {
  uint32_t seen = state_.load(std::memory_order_relaxed);
  while (true) {
    const bool closed = (seen & kClosed) != 0;
    const bool within = passes_held > 0 && (seen & ~kClosed) > 0;  // the closer still waits, at least for us
    if (closed && !within) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !closing(); });
      seen = state_.load(std::memory_order_relaxed);
    } else if (state_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire,
                                            std::memory_order_relaxed)) {
      ++passes_held;
      return Pass(this);
    }
  }
}

void Gate::leave() {
  --passes_held;
  if (state_.fetch_sub(1, std::memory_order_acq_rel) == (kClosed | 1)) {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
}

bool Gate::close(std::chrono::milliseconds wait_max) {
  state_.fetch_or(kClosed, std::memory_order_acq_rel);
  {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, wait_max,
                          [this] { return state_.load(std::memory_order_acquire) == kClosed; }))
      return true;
  }
  open();
  return false;
}

void Gate::open() {
  const std::lock_guard lock(mutex_);
  state_.fetch_and(~kClosed, std::memory_order_release);
  changed_.notify_all();
}

}  // namespace waybill::queue::rocks
