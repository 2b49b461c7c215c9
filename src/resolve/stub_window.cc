#include "resolve/stub_window.h"

#include <algorithm>
#include <cmath>

namespace waybill::resolve {
namespace {
/// Fewer losses than this are no sign of anything.
constexpr size_t kLossesMin = 3;
constexpr size_t kRefusedMin = 8;
constexpr size_t kLossPart = 10;  ///< one of so many
}  // namespace

AdaptiveWindow::AdaptiveWindow(WindowOptions options) : options_(options) {
  options_.min = std::max<size_t>(options_.min, 1);
  options_.max = std::max(options_.max, options_.min);
  size_ = std::clamp(options_.start, options_.min, options_.max);
}

uint64_t AdaptiveWindow::sent() {
  ++open_;
  if (open_ >= size_) was_full_ = true;
  return next_++;
}

void AdaptiveWindow::settle(uint64_t number, Outcome outcome) {
  if (open_ > 0) --open_;
  if (number < round_from_) return;
  switch (outcome) {
    case Outcome::answered:
      ++answered_;
      break;
    case Outcome::refused:
      ++refused_;
      break;
    case Outcome::lost:
      ++lost_;
      break;
  }
  judge();
}

void AdaptiveWindow::judge() {
  // Judged before the round is full: in a burst of losses no answer comes that could fill it.
  const bool losing = lost_ >= std::min(kLossesMin, size_) &&
                      lost_ * kLossPart > std::max(size_, answered_ + refused_ + lost_);
  const bool overwhelmed = refused_ >= std::min(kRefusedMin, size_) &&
                           refused_ * 2 > std::max(size_, answered_ + refused_ + lost_);
  if (losing || overwhelmed) {
    size_ = std::max(options_.min, size_ / 2);
    begin_round();
    round_from_ = next_;
    return;
  }
  if (answered_ + refused_ + lost_ < size_) return;
  if (was_full_ && lost_ == 0) size_ = std::min(options_.max, size_ + 1);
  begin_round();
}

void AdaptiveWindow::begin_round() {
  answered_ = refused_ = lost_ = 0;
  was_full_ = open_ >= size_;
}

void RateLimit::refill(Steady now) {
  if (tokens_ < 0) {
    tokens_ = burst();
  } else if (now > filled_) {
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    tokens_ = std::min(burst(), tokens_ + seconds * per_second_);
  }
  filled_ = std::max(filled_, now);
}

bool RateLimit::take(Steady now) {
  if (per_second_ <= 0) return true;
  refill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

Steady RateLimit::next(Steady now) const {
  if (per_second_ <= 0 || tokens_ < 0 || tokens_ >= 1) return now;
  const double wait_s = (1 - tokens_) / per_second_;
  return filled_ + Millis(static_cast<int64_t>(std::ceil(wait_s * 1000)));
}

}  // namespace waybill::resolve
