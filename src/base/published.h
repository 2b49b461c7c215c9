// published.h: one value that many threads read and that is now and then replaced as a whole, as by a reload.
//
// Thread rule: thread-safe. Whoever has read it keeps what was in force then. Never holds its lock for longer
// than a pointer's copy, and never while a value is destroyed. It stands for std::atomic<std::shared_ptr>,
// whose load() in libstdc++ 12 lets go of its inner lock without release, so that a store elsewhere may
// overtake the read.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace waybill {

template <class T>
class Published {
 public:
  Published() = default;
  explicit Published(std::shared_ptr<T> value) : value_(std::move(value)) {}

  [[nodiscard]] std::shared_ptr<T> load() const {
    const std::scoped_lock lock(mutex_);
    return value_;
  }
  void store(std::shared_ptr<T> value) { (void)exchange(std::move(value)); }
  /// Returns what was in force before.
  [[nodiscard]] std::shared_ptr<T> exchange(std::shared_ptr<T> value) {
    {
      const std::scoped_lock lock(mutex_);
      value_.swap(value);
    }
    return value;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<T> value_;
};

}  // namespace waybill
