// inbox.h: the smallest loop: functions posted from any thread, run on the one that waits. For programs that
// have no loop of their own. Thread-safe; keep it in a shared_ptr, so that a late answer finds it alive.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace waybill::route {

class Inbox {
 public:
  void post(std::function<void()> job);
  /// Waits for the next job and runs it.
  void run_one();

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
};

}  // namespace waybill::route
