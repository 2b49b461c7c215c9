#include "net/connection.h"

#include "net/loop_impl.h"

namespace waybill::net {
namespace asio = boost::asio;

Connection::Connection(Loop& loop, int fd)
    : loop_(loop), descriptor_(loop.impl().context, fd), timer_(loop.impl().context) {}

void Connection::wait(Slot slot, bool for_write, Steady deadline, std::coroutine_handle<> handle) {
  SlotState& state = slots_[slot];
  state.waiter = handle;
  state.deadline = deadline;
  state.for_write = for_write;
  state.expired = false;
  arm(deadline);
  start(slot);
}

void Connection::start(Slot slot) {
  const auto what = slots_[slot].for_write ? asio::posix::stream_descriptor::wait_write
                                           : asio::posix::stream_descriptor::wait_read;
  descriptor_.async_wait(what, [self = shared_from_this(), slot](const boost::system::error_code& error) {
    self->on_event(slot, error);
  });
}

void Connection::on_event(Slot slot, const boost::system::error_code& error) {
  SlotState& state = slots_[slot];
  if (!state.waiter) return;
  if (closed_) return resume(slot, Wake::closed);
  if (error == asio::error::operation_aborted) {
    if (state.expired) return resume(slot, Wake::timeout);
    return start(slot);  // the other slot's deadline cancelled us both
  }
  resume(slot, Wake::ready);
}

void Connection::resume(Slot slot, Wake wake) {
  slots_[slot].wake = wake;
  const auto waiter = std::exchange(slots_[slot].waiter, nullptr);
  if (waiter) waiter.resume();
}

// The timer is armed lazily: a deadline that moves away on every read costs nothing until the timer fires
// for an old one and looks at the new.
void Connection::arm(Steady deadline) {
  if (deadline >= armed_until_) return;
  armed_until_ = deadline;
  const Millis span = std::max(deadline - steady_now(), Millis{0});
  timer_.expires_after(span);
  timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const auto alive = self.lock()) alive->on_timer();
  });
}

void Connection::on_timer() {
  armed_until_ = Steady::max();
  if (closed_) return;
  const Steady now = steady_now();
  Steady next = Steady::max();
  bool expired = false;
  for (SlotState& state : slots_) {
    if (!state.waiter) continue;
    if (state.deadline <= now) {
      state.expired = true;
      expired = true;
    } else {
      next = std::min(next, state.deadline);
    }
  }
  if (next != Steady::max()) arm(next);
  if (expired) descriptor_.cancel();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  timer_.cancel();
  boost::system::error_code ignored;
  // Not descriptor_.close() alone: waiters must be resumed by their own (aborted) handlers.
  descriptor_.close(ignored);
}

void Connection::abandon() {
  for (SlotState& state : slots_) state.waiter = nullptr;
  close();
}

void Connection::Yield::await_suspend(std::coroutine_handle<> handle) {
  SlotState& state = self->slots_[slot];
  state.waiter = handle;
  self->loop_.post(
      [self = self, slot = slot] { self->resume(slot, self->closed_ ? Wake::closed : Wake::ready); });
}

}  // namespace waybill::net
