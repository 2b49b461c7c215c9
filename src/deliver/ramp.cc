#include "deliver/ramp.h"

#include <cmath>

namespace waybill::deliver {
namespace {
/// A rate that was not used was not proved: that much of it has to be.
constexpr double kUsed = 0.7;

double seconds(Millis span) { return static_cast<double>(span.count()) / 1000; }
}  // namespace

void TokenBucket::fill(Steady now) {
  if (now <= at_) return;
  tokens_ = std::min(burst_of(rate_), tokens_ + rate_ * seconds(now - at_));
  at_ = now;
}

void TokenBucket::set_rate(double rate, Steady now) {
  fill(now);
  rate_ = rate;
  tokens_ = std::min(tokens_, burst_of(rate));
}

bool TokenBucket::has(Steady now) {
  fill(now);
  return tokens_ >= 1;
}

Steady TokenBucket::next(Steady now) {
  if (has(now)) return now;
  // Rounded up: a clock that counts milliseconds must not find it a moment short.
  return now + Millis{static_cast<Millis::rep>(std::ceil((1 - tokens_) / rate_ * 1000))};
}

bool asks_to_slow(const mail::Outcome& outcome) {
  if (!outcome.remote || outcome.fate != mail::Fate::deferred) return false;
  const mail::Reply& said = outcome.reply;
  if (said.code == 421 || said.enhanced.subject == 3) return true;  // RFC 5321 3.8, RFC 3463 3.4
  const bool of_one_message =
      said.enhanced.subject == 2 || (said.enhanced.subject == 5 && said.enhanced.detail == 3);
  return said.code == 452 && !of_one_message;  // RFC 5321 4.2.3: insufficient system storage
}

Ramp::Ramp(const RampSettings& settings, double rate, Steady now)
    : settings_(settings),
      rate_max_(std::max(settings.rate_max, rate)),
      bucket_(rate, now),
      interval_began_(now) {}

bool Ramp::may_begin(Steady now) {
  grow(now);
  return !paused(now) && bucket_.has(now);
}

void Ramp::begun(Steady) {
  ++begun_;
  bucket_.take();
}

void Ramp::answered_well(Steady now) {
  ++well_;
  grow(now);
}

// Once an interval, and only where the rate was the limit: an idle destination proves nothing.
void Ramp::grow(Steady now) {
  const Millis span = now - interval_began_;
  if (span < settings_.grow_every) return;
  const double could = rate() * seconds(std::min(span, settings_.grow_every));
  const auto enough = [could](uint64_t count) { return static_cast<double>(count) >= kUsed * could; };
  if (enough(begun_) && enough(well_)) {
    const double next = slowed_ ? rate() + settings_.start_rate : rate() * settings_.growth;
    bucket_.set_rate(std::min(rate_max_, next), now);
  }
  interval_began_ = now;
  begun_ = well_ = 0;
}

void Ramp::slow_down(Steady now) {
  if (paused(now)) return;
  slowed_ = true;
  bucket_.set_rate(std::max(floor(), rate() / 2), now);
  paused_until_ = now + settings_.pause;
  interval_began_ = paused_until_;
  begun_ = well_ = 0;
}

Steady Ramp::next(Steady now) { return std::max(paused_until_, bucket_.next(now)); }

bool Pace::take(Steady now) {
  if (ramp && !ramp->may_begin(now)) return false;
  if (limit && !limit->has(now)) return false;
  if (ramp) ramp->begun(now);
  if (limit) limit->take();
  return true;
}

Steady Pace::next(Steady now) {
  Steady at = now;
  if (ramp) at = std::max(at, ramp->next(now));
  if (limit) at = std::max(at, limit->next(now));
  return at;
}

}  // namespace waybill::deliver
