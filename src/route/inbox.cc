#include "route/inbox.h"

#include <utility>

namespace waybill::route {

void Inbox::post(std::function<void()> job) {
  {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
}

void Inbox::run_one() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return !jobs_.empty(); });
  const auto job = std::move(jobs_.front());
  jobs_.pop_front();
  lock.unlock();
  job();
}

}  // namespace waybill::route
