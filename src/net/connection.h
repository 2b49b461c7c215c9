// connection.h: a non-blocking descriptor on a loop, and how coroutines wait for it with a deadline.
// Private to net/. Reads and writes are tried at once; only what would block waits for the loop.
//
// Thread rule: made on any thread; everything else on the loop's.
#pragma once

#include <array>
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
  Connection(Loop& loop, int fd) : loop_(loop), fd_(fd) {}
  ~Connection() { abandon(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] bool closed() const { return fd_ < 0; }

  /// Ends waits under way with `closed`, soon: nobody is resumed from inside this call.
  void close();
  /// As close(), but nobody is resumed: the owner is going away, and its waiters with it.
  void abandon();

  struct Waiting {
    std::shared_ptr<Connection> self;
    Slot slot;
    bool for_write;
    Steady deadline;
    bool await_ready() const noexcept { return self->closed(); }
    void await_suspend(std::coroutine_handle<> handle) { self->wait(slot, for_write, deadline, handle); }
    Wake await_resume() const noexcept { return self->closed() ? Wake::closed : self->slots_[slot].wake; }
  };
  /// `slot` says who waits (one reader, one writer), `for_write` for what: TLS may read to write. To be
  /// called after an operation that would have blocked, or when quiet().
  [[nodiscard]] Waiting ready(Slot slot, bool for_write, Steady deadline) {
    return {shared_from_this(), slot, for_write, deadline};
  }

  /// A read took less than it had room for: there is no more, so the next one need not be tried before
  /// something comes.
  void took_all() { quiet_ = !ended_ && watched_; }
  /// Nothing has come since took_all().
  [[nodiscard]] bool quiet() const { return quiet_; }

  /// Lets other work of the loop run first. For those who found their descriptor ready many times in a row.
  struct Yield {
    std::shared_ptr<Connection> self;
    bool await_ready() const noexcept { return self->closed(); }
    void await_suspend(std::coroutine_handle<> handle);
    void await_resume() const noexcept {}
  };
  [[nodiscard]] Yield yield() { return {shared_from_this()}; }

  /// From the loop: `events` as epoll_wait gave them.
  void on_events(uint32_t events);

 private:
  struct SlotState {
    std::coroutine_handle<> waiter;
    Steady deadline{};
    bool for_write = false;
    Wake wake = Wake::ready;
  };
  void wait(Slot slot, bool for_write, Steady deadline, std::coroutine_handle<> handle);
  void arm(Steady deadline);
  void on_timer();
  void resume(Slot slot, Wake wake);
  void release();

  Loop& loop_;
  int fd_;
  bool watched_ = false;
  bool quiet_ = false;
  bool ended_ =
      false;  ///< the peer has sent its last octet, or the connection failed: no further event tells
  uint64_t watch_ = 0;
  Loop::Timer timer_;
  Steady armed_until_ = Steady::max();  ///< when timer_ fires; max: not armed
  std::array<SlotState, 2> slots_;
  std::coroutine_handle<> yielding_;
};

}  // namespace waybill::net
