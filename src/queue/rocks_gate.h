// rocks_gate.h: who uses the database while it may have to be closed and opened again. Readers go in and come
// out and cost one atomic each way; the writer that must reopen closes the gate and waits until all are out.
//
// Thread rule: every method is thread-safe; at most one thread closes at a time (the engine's write lock). A
// pass is given back by the thread that took it. Whoever holds a pass never closes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace waybill::queue::rocks {

class Gate {
 public:
  /// Being inside; leaves when it goes.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      if (this != &other) {
        if (gate_ != nullptr) gate_->leave();
        gate_ = std::exchange(other.gate_, nullptr);
      }
      return *this;
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    friend class Gate;
    explicit Pass(Gate* gate) : gate_(gate) {}
    Gate* gate_ = nullptr;
  };

  /// Waits while the gate is closed; a thread that is inside already comes in at once, so that a scan that
  /// reads single records ends.
  [[nodiscard]] Pass enter();
  /// Lets nobody in any more and waits for those inside. False when one is still there after `wait_max`: then
  /// the gate is open again. REQUIRES: it is open, and this thread holds no pass.
  [[nodiscard]] bool close(std::chrono::milliseconds wait_max);
  void open();
  /// Somebody waits for us to leave.
  [[nodiscard]] bool closing() const { return (state_.load(std::memory_order_relaxed) & kClosed) != 0; }
  /// How many passes this thread holds, of all gates.
  [[nodiscard]] static int held_here();

 private:
  static constexpr uint32_t kClosed = 1U << 31;
  void leave();

  std::atomic<uint32_t> state_{0};  ///< passes out; the highest bit: closed
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace waybill::queue::rocks
