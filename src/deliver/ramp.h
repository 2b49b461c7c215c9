// ramp.h: how fast messages may begin at one destination: a token bucket, the slow start after an outage, and
// both together with a destination's own limit. Pure: the time is an argument; no thread, no timer.
//
// A bucket of rate r lets at most r * t + burst_of(r) messages begin in any time t, whoever asks how often.
// A ramp begins at a rate, multiplies it each interval in which that rate was used and answered well, and at
// the host's word (421, 452) halves it at once, pauses, and from then on only adds.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "deliver/settings.h"
#include "mail/outcome.h"

namespace waybill::deliver {

/// What a bucket of this rate (messages a second) holds when full: a tenth of a second's worth, at least one.
[[nodiscard]] inline double burst_of(double rate) { return std::max(1.0, rate / 10); }

class TokenBucket {
 public:
  /// It begins with one token.
  TokenBucket(double rate, Steady now) : rate_(rate), at_(now) {}
  /// What is in it stays, up to what the new rate may hold.
  void set_rate(double rate, Steady now);
  [[nodiscard]] bool has(Steady now);
  /// REQUIRES: has().
  void take() { tokens_ -= 1; }
  /// When the next token is there: `now` if it is there already.
  [[nodiscard]] Steady next(Steady now);
  [[nodiscard]] double rate() const { return rate_; }

 private:
  void fill(Steady now);

  double rate_;
  double tokens_ = 1;
  Steady at_;
};

/// The host asks for less mail, not for this message later: 421, 452, or 4yz with a status of the mail system
/// (RFC 3463 3.4). A full mailbox (4.2.2) or too many recipients (4.5.3) is about one message.
[[nodiscard]] bool asks_to_slow(const mail::Outcome& outcome);

class Ramp {
 public:
  /// Rates are messages a second. What it takes well already is no reason to slow it down: `rate` above
  /// settings.rate_max stays.
  Ramp(const RampSettings& settings, double rate, Steady now);

  [[nodiscard]] bool may_begin(Steady now);
  /// REQUIRES: may_begin().
  void begun(Steady now);
  void answered_well(Steady now);
  /// A burst of such words is one: what comes within the pause changes nothing.
  void slow_down(Steady now);

  [[nodiscard]] Steady next(Steady now);
  [[nodiscard]] bool paused(Steady now) const { return now < paused_until_; }
  [[nodiscard]] Steady paused_until() const { return paused_until_; }
  [[nodiscard]] double rate() const { return bucket_.rate(); }
  [[nodiscard]] double rate_max() const { return rate_max_; }
  [[nodiscard]] double floor() const { return std::min(settings_.start_rate, 1.0); }

 private:
  void grow(Steady now);

  RampSettings settings_;
  double rate_max_;
  TokenBucket bucket_;
  Steady interval_began_;
  Steady paused_until_ = Steady::min();
  uint64_t begun_ = 0;  ///< in this interval
  uint64_t well_ = 0;
  bool slowed_ = false;  ///< once at least: from then on it adds instead of multiplying
};

/// What holds of one destination: its own limit, if it has one, and a ramp while it recovers.
class Pace {
 public:
  std::optional<Ramp> ramp;
  std::optional<TokenBucket> limit;

  [[nodiscard]] bool any() const { return ramp || limit; }
  /// Takes a token of each when both have one.
  [[nodiscard]] bool take(Steady now);
  [[nodiscard]] Steady next(Steady now);
};

}  // namespace waybill::deliver
