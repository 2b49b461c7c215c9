// inbox.h: values handed from any thread to one loop, many at a time: the loop is woken once for all that
// came before it looked.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "net/loop.h"

namespace waybill::daemon {

template <class T>
class Inbox {
 public:
  using Handle = std::function<void(std::vector<T>)>;
  /// `handle` runs on `loop`; never after the inbox is gone (destroy it on the loop or after it ended).
  Inbox(net::Loop& loop, Handle handle) : state_(std::make_shared<State>(loop, std::move(handle))) {}
  ~Inbox() {
    const std::scoped_lock lock(state_->mutex);
    state_->closed = true;
  }
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// Thread-safe; the lock is held for one push.
  void put(T value) {
    bool wake = false;
    {
      const std::scoped_lock lock(state_->mutex);
      if (state_->closed) return;
      wake = state_->values.empty();
      state_->values.push_back(std::move(value));
    }
    if (wake) state_->loop.post([state = state_] { drain(*state); });
  }

 private:
  struct State {
    State(net::Loop& l, Handle h) : loop(l), handle(std::move(h)) {}
    net::Loop& loop;
    Handle handle;
    std::mutex mutex;
    std::vector<T> values;
    bool closed = false;
  };
  static void drain(State& state) {
    std::vector<T> values;
    {
      const std::scoped_lock lock(state.mutex);
      if (state.closed) return;
      values.swap(state.values);
    }
    if (!values.empty()) state.handle(std::move(values));
  }
  std::shared_ptr<State> state_;
};

}  // namespace waybill::daemon
