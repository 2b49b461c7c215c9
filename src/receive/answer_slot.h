// answer_slot.h: waits in a coroutine for one answer that may come within the call or later, on any thread:
//   AnswerSlot<Verdict> slot(loop);
//   gate.on_connect(facts, slot.completer());
//   Verdict verdict = co_await slot;
// Like net::Callback, but an answer given at once costs no turn of the loop, which most of a session's are.
// The completer must be called exactly once. A slot may be destroyed while its answer is still out: the
// answer is then dropped.
#pragma once

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>

#include "net/loop.h"

namespace waybill::receive {

template <class T>
class AnswerSlot {
 public:
  explicit AnswerSlot(net::Loop& loop) : state_(std::make_shared<State>(loop)) {}
  AnswerSlot(const AnswerSlot&) = delete;
  AnswerSlot& operator=(const AnswerSlot&) = delete;
  ~AnswerSlot() { state_->waiter = nullptr; }  // on the loop's thread, as is the resumption

  [[nodiscard]] auto completer() {
    return [state = state_](T value) {
      state->value.emplace(std::move(value));
      if (state->phase.exchange(Phase::answered, std::memory_order_acq_rel) != Phase::waiting) return;
      net::Loop& loop = state->loop;
      loop.post([state] {
        if (state->waiter) state->waiter.resume();
      });
    };
  }

  bool await_ready() const noexcept {
    return state_->phase.load(std::memory_order_acquire) == Phase::answered;
  }
  bool await_suspend(std::coroutine_handle<> handle) noexcept {
    state_->waiter = handle;
    Phase asked = Phase::asked;
    return state_->phase.compare_exchange_strong(asked, Phase::waiting, std::memory_order_acq_rel);
  }
  T await_resume() { return std::move(*state_->value); }

 private:
  enum class Phase : int { asked, waiting, answered };
  struct State {
    explicit State(net::Loop& l) : loop(l) {}
    net::Loop& loop;
    std::atomic<Phase> phase{Phase::asked};
    std::optional<T> value;
    std::coroutine_handle<> waiter;
  };
  std::shared_ptr<State> state_;
};

}  // namespace waybill::receive
