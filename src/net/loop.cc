#include "net/loop.h"

#include <csignal>

#include "net/loop_impl.h"
#include "net/virtual_world.h"

namespace waybill::net {
namespace {
thread_local const Loop* t_current = nullptr;

// A spawned task's outermost frame. It frees itself at its end, or is freed by ~Loop.
struct Root {
  struct promise_type {
    Loop::Impl* loop = nullptr;
    Root get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept {
      loop->frames.erase(std::coroutine_handle<promise_type>::from_promise(*this).address());
      return {};
    }
    void return_void() {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

Root make_root(Task<void> task) { co_await task; }
}  // namespace

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  // OpenSSL writes with write(2): a peer that went away must be an error, not a signal.
  static const bool ignored = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  (void)ignored;
}

Loop::Loop(VirtualWorld& world) : Loop() { impl_->world = &world; }

Loop::~Loop() {
  // Frames first: what they hold (streams, timers) still needs the rest.
  while (!impl_->frames.empty()) {
    void* frame = *impl_->frames.begin();
    impl_->frames.erase(impl_->frames.begin());
    std::coroutine_handle<>::from_address(frame).destroy();
  }
}

void Loop::run() {
  t_current = this;
  impl_->run();
  t_current = nullptr;
}

void Loop::stop() { impl_->stop(); }

void Loop::post(Work work) {
  if (impl_->world != nullptr) return impl_->world->post(std::move(work));
  impl_->post(std::move(work));
}

void Loop::spawn(Task<void> task) {
  post([this, task = std::move(task)]() mutable {
    const Root root = make_root(std::move(task));
    root.handle.promise().loop = impl_.get();
    impl_->frames.insert(root.handle.address());
    root.handle.resume();
  });
}

bool Loop::is_current() const { return t_current == this || impl_->world != nullptr; }

Loop::Timer::Timer(Timer&&) noexcept = default;
Loop::Timer& Loop::Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    impl_ = std::move(other.impl_);
  }
  return *this;
}
Loop::Timer::~Timer() { cancel(); }

void Loop::Timer::cancel() {
  if (!impl_) return;
  impl_->work = nullptr;
  if (impl_->loop != nullptr) impl_->loop->remove(*impl_);
  impl_.reset();
}

bool Loop::Timer::pending() const { return impl_ && impl_->work != nullptr; }

Loop::Timer Loop::after(Millis span, Work work) {
  Timer timer;
  timer.impl_ = std::make_shared<Timer::Impl>();
  timer.impl_->work = std::move(work);
  if (impl_->world != nullptr) {
    impl_->world->at(steady_now() + span, [impl = timer.impl_] {
      if (impl->work) std::exchange(impl->work, nullptr)();
    });
    return timer;
  }
  impl_->add(timer.impl_, steady_now() + span);
  return timer;
}

namespace {
struct SleepAwaiter {
  Loop& loop;
  Millis span;
  Loop::Timer timer;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    timer = loop.after(span, [handle] { handle.resume(); });
  }
  void await_resume() const noexcept {}
};
}  // namespace

Task<void> Loop::sleep(Millis span) {
  SleepAwaiter awaiter{*this, span, {}};
  co_await awaiter;
}

}  // namespace waybill::net
