#include "net/virtual_world.h"

#include <algorithm>
#include <utility>

namespace waybill::net {

VirtualWorld::VirtualWorld(ManualClock& clock) : clock_(clock) { detail::virtual_clock = &clock_; }

VirtualWorld::~VirtualWorld() { detail::virtual_clock = nullptr; }

void VirtualWorld::at(Steady when, Work work) {
  appointments_.push_back({std::max(when, now()), number_++, std::move(work)});
  std::push_heap(appointments_.begin(), appointments_.end());
}

bool VirtualWorld::step(Steady until) {
  if (!ready_.empty()) {
    Work work = std::move(ready_.front());
    ready_.pop_front();
    work();
    return true;
  }
  if (appointments_.empty() || appointments_.front().when > until) {
    if (until > now()) clock_.advance(until - now());
    return false;
  }
  std::pop_heap(appointments_.begin(), appointments_.end());
  Appointment next = std::move(appointments_.back());
  appointments_.pop_back();
  if (next.when > now()) clock_.advance(next.when - now());
  next.work();
  return true;
}

struct VirtualPipe::Waiting {
  VirtualPipe& pipe;
  Steady deadline;
  [[nodiscard]] bool await_ready() const noexcept {
    return !pipe.inbox_.empty() || pipe.far_closed_ || pipe.near_closed_;
  }
  void await_suspend(std::coroutine_handle<> handle) const {
    pipe.waiter_ = handle;
    ++pipe.wait_;
    pipe.deadline_ = deadline;
    if (!pipe.alarm_ || *pipe.alarm_ > deadline) pipe.set_alarm();
  }
  void await_resume() const noexcept {}
};

// One appointment a connection, not one a read: minutes of deadlines that were all met would make the world
// slow. When it comes too early for the read that waits now, it is made anew.
void VirtualPipe::set_alarm() {
  alarm_ = deadline_;
  world_.at(deadline_, [weak = weak_from_this(), at = deadline_] {
    const auto self = weak.lock();
    if (!self || self->alarm_ != at) return;
    self->alarm_.reset();
    if (!self->waiter_) return;
    if (self->deadline_ > at) return self->set_alarm();
    std::exchange(self->waiter_, nullptr).resume();
  });
}

Task<Result<size_t>> VirtualPipe::read(std::shared_ptr<VirtualPipe> self, std::span<char> into,
                                       Steady deadline) {
  co_await Waiting{*self, deadline};
  if (self->near_closed_) co_return fail(Errc::closed, "read: the connection is closed");
  if (!self->inbox_.empty()) {
    const size_t octets = std::min(into.size(), self->inbox_.size());
    std::copy_n(self->inbox_.begin(), octets, into.begin());
    self->inbox_.erase(0, octets);
    co_return octets;
  }
  if (self->far_closed_) co_return fail(Errc::closed, "read: end of connection");
  co_return fail(Errc::timeout, "read: timed out");
}

Status VirtualPipe::write(std::span<const std::string_view> pieces) {
  if (near_closed_ || far_closed_ || !far_) return fail(Errc::closed, "write: the connection is closed");
  const auto far = far_;
  for (const std::string_view piece : pieces) far->received(piece);
  return {};
}

Status VirtualPipe::start_tls() {
  if (near_closed_ || far_closed_ || !far_) return fail(Errc::closed, "TLS handshake: not possible here");
  if (Status status = far_->start_tls(); !status) return pass(status.error(), "TLS handshake");
  tls_ = true;
  return {};
}

void VirtualPipe::say(std::string_view octets) {
  if (near_closed_ || far_closed_) return;
  inbox_ += octets;
  wake();
}

void VirtualPipe::hang_up() {
  far_closed_ = true;
  wake();
}

void VirtualPipe::close() {
  leave();
  wake();
}

void VirtualPipe::abandon() {
  waiter_ = nullptr;
  leave();
}

void VirtualPipe::leave() {
  if (std::exchange(near_closed_, true)) return;
  if (const auto far = std::exchange(far_, nullptr)) far->left();
}

// Never from inside: who speaks must not find the listener's next words in its own call.
void VirtualPipe::wake() {
  if (!waiter_) return;
  world_.post([self = shared_from_this(), wait = wait_] {
    if (self->waiter_ && self->wait_ == wait) std::exchange(self->waiter_, nullptr).resume();
  });
}

}  // namespace waybill::net
