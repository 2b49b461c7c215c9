// connection.h: a non-blocking descriptor on a loop, and how coroutines wait for it with a deadline.
// Private to net/. Reads and writes are tried at once; only what would block goes through the reactor.
#pragma once

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <coroutine>
#include <memory>

#include "base/ip.h"
#include "net/loop.h"

namespace waybill::net {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum Slot : size_t { reading = 0, writing = 1 };
  enum class Wake { ready, timeout, closed };

  /// Takes ownership of `fd`, which is non-blocking.
  Connection(Loop& loop, int fd);

  [[nodiscard]] int fd() { return descriptor_.native_handle(); }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] bool closed() const { return closed_; }

  /// Ends waits under way with `closed`.
  void close();
  /// As close(), but nobody is resumed: the owner is going away, and its waiters with it.
  void abandon();

  struct Waiting {
    std::shared_ptr<Connection> self;
    Slot slot;
    bool for_write;
    Steady deadline;
    bool await_ready() const noexcept { return self->closed_; }
    void await_suspend(std::coroutine_handle<> handle) { self->wait(slot, for_write, deadline, handle); }
    Wake await_resume() const noexcept { return self->closed_ ? Wake::closed : self->slots_[slot].wake; }
  };
  /// `slot` says who waits (one reader, one writer), `for_write` for what: TLS may read to write.
  [[nodiscard]] Waiting ready(Slot slot, bool for_write, Steady deadline) {
    return {shared_from_this(), slot, for_write, deadline};
  }

  /// Lets other work of the loop run first. For those who found their descriptor ready many times in a row.
  struct Yield {
    std::shared_ptr<Connection> self;
    Slot slot;
    bool await_ready() const noexcept { return self->closed_; }
    void await_suspend(std::coroutine_handle<> handle);
    void await_resume() const noexcept {}
  };
  [[nodiscard]] Yield yield(Slot slot) { return {shared_from_this(), slot}; }

 private:
  struct SlotState {
    std::coroutine_handle<> waiter;
    Steady deadline{};
    bool for_write = false;
    bool expired = false;
    Wake wake = Wake::ready;
  };
  void wait(Slot slot, bool for_write, Steady deadline, std::coroutine_handle<> handle);
  void start(Slot slot);
  void on_event(Slot slot, const boost::system::error_code& error);
  void arm(Steady deadline);
  void on_timer();
  void resume(Slot slot, Wake wake);

  Loop& loop_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  Steady armed_until_ = Steady::max();  ///< when timer_ fires; max: not armed
  std::array<SlotState, 2> slots_;
  bool closed_ = false;
};

}  // namespace waybill::net
