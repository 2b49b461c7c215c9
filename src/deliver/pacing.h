// pacing.h: how many connections a site gets. Pure: grows by one for each window of successes, halves when
// the site says "later", at most once a window, so that one burst of refusals is one signal.
#pragma once

#include <algorithm>
#include <cmath>

#include "deliver/settings.h"

namespace waybill::deliver {

class Pacing {
 public:
  explicit Pacing(const PacingSettings& settings)
      : start_(settings.window_start),
        max_(std::max(1.0, settings.window_max)),
        window_(std::clamp(start_, 1.0, max_)) {}

  /// The host is back: what it could take before says nothing now.
  void restart() {
    window_ = std::clamp(start_, 1.0, max_);
    since_cut_ = 1e9;
  }

  /// A message ended well.
  void succeeded() {
    ++since_cut_;
    window_ = std::min(max_, window_ + 1.0 / window_);
  }
  /// The site itself put a message off, or refused or dropped a connection while it holds others.
  void held_back() {
    if (since_cut_ < window_) return;
    window_ = std::max(1.0, window_ / 2);
    since_cut_ = 0;
  }
  /// It did not take one more connection than these.
  void limited_to(size_t connections) {
    window_ = std::clamp(static_cast<double>(connections), 1.0, window_);
    since_cut_ = 0;
  }
  [[nodiscard]] size_t connections() const { return static_cast<size_t>(std::floor(window_)); }
  [[nodiscard]] double window() const { return window_; }

 private:
  double start_;
  double max_;
  double window_;
  double since_cut_ = 1e9;  ///< the first trouble always counts
};

}  // namespace waybill::deliver
