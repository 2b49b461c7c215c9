// loop.h: one event loop, run by one thread. Everything that it runs may share state without locks.
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "net/task.h"

namespace waybill::net {

class VirtualWorld;
namespace detail {
inline constinit thread_local const Clock* virtual_clock = nullptr;  ///< set by VirtualWorld alone
}

/// Steady now, as deadlines want it; on the thread of a VirtualWorld, the world's.
[[nodiscard]] inline Steady steady_now() {
  if (detail::virtual_clock != nullptr) [[unlikely]]
    return detail::virtual_clock->steady();
  return std::chrono::time_point_cast<Millis>(std::chrono::steady_clock::now());
}
[[nodiscard]] inline Steady deadline_in(Millis span) { return steady_now() + span; }

class Loop {
 public:
  using Work = std::move_only_function<void()>;
  Loop();
  /// On virtual time: the world runs what is posted, run() is not called, and the world outlives the loop.
  explicit Loop(VirtualWorld& world);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs on the calling thread until stop(), even while there is nothing to do.
  void run();
  /// Thread-safe. Work under way on this loop is abandoned, its frames freed by ~Loop.
  void stop();
  /// Thread-safe. Runs `work` on this loop, soon.
  void post(Work work);
  /// Thread-safe. Runs the task on this loop, to its end; nobody waits for it.
  void spawn(Task<void> task);
  /// Runs `work` on this loop after `span`. Destroying the timer cancels it. Call on the loop's thread.
  class Timer {
   public:
    Timer() = default;
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;
    ~Timer();
    void cancel();
    /// True until its work begins, or it is cancelled.
    [[nodiscard]] bool pending() const;

   private:
    friend class Loop;
    struct Impl;
    std::shared_ptr<Impl> impl_;
  };
  [[nodiscard]] Timer after(Millis span, Work work);
  /// `co_await loop.sleep(span)`.
  [[nodiscard]] Task<void> sleep(Millis span);
  /// True on the thread that runs this loop.
  [[nodiscard]] bool is_current() const;

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Waits in a coroutine for one callback that may come from another thread:
///   Callback<Status> waiting(loop);
///   store.commit(std::move(tx), waiting.completer());
///   Status status = co_await waiting;
/// The coroutine resumes on `loop`. The completer must be called exactly once.
template <class T>
class Callback {
 public:
  explicit Callback(Loop& loop) : state_(std::make_shared<State>(loop)) {}
  [[nodiscard]] auto completer() {
    return [state = state_](T value) {
      state->loop.post([state, value = std::move(value)]() mutable {
        state->value.emplace(std::move(value));
        if (state->waiter) state->waiter.resume();
      });
    };
  }
  bool await_ready() const noexcept { return state_->value.has_value(); }
  void await_suspend(std::coroutine_handle<> handle) noexcept { state_->waiter = handle; }
  T await_resume() { return std::move(*state_->value); }

 private:
  struct State {
    explicit State(Loop& l) : loop(l) {}
    Loop& loop;
    std::optional<T> value;
    std::coroutine_handle<> waiter;
  };
  std::shared_ptr<State> state_;
};

}  // namespace waybill::net
