// clock.h: the time of day and a steady time, replaceable. Only production shells own a SystemClock;
// decisions take a Time as an argument, and the rehearsal drives a ManualClock.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "base/result.h"

namespace waybill {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
/// Wall-clock time, UTC, to the millisecond. What the spool and the logs keep.
using Time = std::chrono::sys_time<Millis>;
/// Steady time for deadlines: never jumps, means nothing across a restart.
using Steady = std::chrono::time_point<std::chrono::steady_clock, Millis>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual Steady steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
  [[nodiscard]] Steady steady() const override;
};

/// A clock that moves only when told. Thread-safe: tests advance it while shells read it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{Millis{1'800'000'000'000}})
      : now_(start.time_since_epoch().count()) {}
  [[nodiscard]] Time now() const override { return Time{Millis{now_.load()}}; }
  [[nodiscard]] Steady steady() const override { return Steady{Millis{steady_.load()}}; }
  void advance(Millis by) {
    now_ += by.count();
    steady_ += by.count();
  }
  /// The wall clock jumps (NTP, an operator); the steady one does not.
  void jump(Millis by) { now_ += by.count(); }

 private:
  std::atomic<Millis::rep> now_;
  std::atomic<Millis::rep> steady_{1'000'000};
};

/// "2026-11-21T02:49:10.123Z" (RFC 3339).
[[nodiscard]] std::string format_rfc3339(Time time);
/// "Sat, 21 Nov 2026 02:49:10 +0000" (RFC 5322 3.3), always in UTC.
[[nodiscard]] std::string format_rfc5322(Time time);
/// "4d 3h", "12m 5s", "800ms": two units at most, for people.
[[nodiscard]] std::string format_duration(Millis duration);
/// "5d", "30m", "1h30m", "90s", "250ms"; a bare number is an error, because its unit is a guess.
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);

}  // namespace waybill
