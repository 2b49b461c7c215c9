#include "net/connection.h"

#include <unistd.h>

#include "net/loop_impl.h"

namespace waybill::net {

void Connection::wait(Slot slot, bool for_write, Steady deadline, std::coroutine_handle<> handle) {
  SlotState& state = slots_[slot];
  state.waiter = handle;
  state.deadline = deadline;
  state.for_write = for_write;
  if (!watched_) {
    watched_ = loop_.impl().watch(fd_, *this);
    // No room in the kernel for another one is an end of this one.
    if (!watched_) return close();
    watch_ = loop_.impl().last_watched();
  }
  arm(deadline);
}

void Connection::on_events(uint32_t events) {
  const auto self = shared_from_this();  // a waiter may let go of us
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) quiet_ = false;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ended_ = true;
  const bool failed = (events & (EPOLLHUP | EPOLLERR)) != 0;
  for (const Slot slot : {reading, writing}) {
    const SlotState& state = slots_[slot];
    if (!state.waiter) continue;
    const uint32_t wanted = state.for_write ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
    if (failed || (events & wanted) != 0) resume(slot, Wake::ready);
  }
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
  timer_ = loop_.after(span, [this] { on_timer(); });
}

void Connection::on_timer() {
  const auto self = shared_from_this();
  armed_until_ = Steady::max();
  const Steady now = steady_now();
  for (const Slot slot : {reading, writing}) {
    if (slots_[slot].waiter && slots_[slot].deadline <= now) resume(slot, Wake::timeout);
  }
  for (const SlotState& state : slots_) {
    if (state.waiter && !closed()) arm(state.deadline);
  }
}

void Connection::release() {
  if (watched_) loop_.impl().unwatch(watch_);
  watched_ = false;
  timer_.cancel();
  ::close(std::exchange(fd_, -1));
}

void Connection::close() {
  if (closed()) return;
  release();
  loop_.post([self = shared_from_this()] {
    for (const Slot slot : {reading, writing}) self->resume(slot, Wake::closed);
  });
}

void Connection::abandon() {
  for (SlotState& state : slots_) state.waiter = nullptr;
  yielding_ = nullptr;
  if (!closed()) release();
}

void Connection::Yield::await_suspend(std::coroutine_handle<> handle) {
  self->yielding_ = handle;
  self->loop_.post([self = self] {
    if (const auto waiter = std::exchange(self->yielding_, nullptr)) waiter.resume();
  });
}

}  // namespace waybill::net
