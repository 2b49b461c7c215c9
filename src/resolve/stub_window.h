// stub_window.h: how many questions one server may have open at once, and how many it gets a second: what
// makes a stream of millions of lookups polite. Both are pure: no clock of their own, one thread.
//
// The window grows by one whenever as many answers came as it has places, and only where they were in use; it
// halves when more than a tenth of what was sent in it is lost, or when most of its answers are SERVFAIL or
// REFUSED, as of a server that is overwhelmed. A burst halves it once: what was sent before the halving says
// nothing of the new size.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace waybill::resolve {

struct WindowOptions {
  size_t start = 32;
  size_t min = 4;
  size_t max = 1024;
};

class AdaptiveWindow {
 public:
  enum class Outcome : uint8_t {
    answered,
    refused,  ///< SERVFAIL, REFUSED and the like: an answer that helps nobody
    lost,     ///< no answer in time
  };
  explicit AdaptiveWindow(WindowOptions options);

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t open() const { return open_; }
  [[nodiscard]] bool has_room() const { return open_ < size_; }
  /// Takes a place; the number names it in settle().
  [[nodiscard]] uint64_t sent();
  /// Gives the place back. Once for each sent().
  void settle(uint64_t number, Outcome outcome);

 private:
  void judge();
  void begin_round();

  WindowOptions options_;
  size_t size_;
  size_t open_ = 0;
  uint64_t next_ = 1;
  uint64_t round_from_ = 1;  ///< what was sent before belongs to an earlier size
  size_t answered_ = 0, refused_ = 0, lost_ = 0;
  bool was_full_ = false;
};

/// At most `per_second` takes a second, with a burst of a fiftieth of that (one at least). 0: no limit.
class RateLimit {
 public:
  explicit RateLimit(double per_second) : per_second_(per_second) {}
  [[nodiscard]] bool take(Steady now);
  /// When take() may be true again.
  [[nodiscard]] Steady next(Steady now) const;

 private:
  void refill(Steady now);
  [[nodiscard]] double burst() const { return per_second_ < 50 ? 1 : per_second_ / 50; }

  double per_second_;
  double tokens_ = -1;  ///< below 0: not begun
  Steady filled_{};
};

}  // namespace waybill::resolve
