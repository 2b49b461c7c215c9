// boundaries.h: when something in a scenario's world begins or ends. Pure.
#pragma once

#include <optional>
#include <vector>

#include "rehearse/scenario.h"

namespace waybill::rehearse {

class Boundaries {
 public:
  explicit Boundaries(const Scenario& scenario);
  /// The first one after `at`; none: everything goes on for ever.
  [[nodiscard]] std::optional<Millis> after(Millis at) const;
  /// The last one at or before `at`; none: the start.
  [[nodiscard]] Millis before(Millis at) const;

 private:
  void add(const Window& window);
  std::vector<Millis> times_;  ///< ascending
};

/// When this injection's message `number` (from 1) comes in.
[[nodiscard]] Millis time_of(const Injection& injection, uint64_t number);

}  // namespace waybill::rehearse
