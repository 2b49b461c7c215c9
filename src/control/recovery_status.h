// recovery_status.h: how a destination stands, as `queue why` tells it. Part of types.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace waybill::control {

/// How its destination stands. Rates are messages a minute: whole numbers also of slow ones.
struct RecoveryStatus {
  std::string phase;  ///< "normal", "down", "probing", "slow start"
  std::optional<Time> down_since, next_probe, paused_until;
  uint64_t rate_per_minute = 0;        ///< allowed now in a slow start, else those of late
  uint64_t rate_max_per_minute = 0;    ///< what it may grow to, or the destination's own limit; 0: none
  uint64_t queued = 0;                 ///< recipients that wait for this destination
  bool queued_is_least = false;        ///< there are more: counting stopped
  std::optional<uint64_t> empty_in_s;  ///< at the present rate; null: not known
  std::string fault;                   ///< what the operator alone can mend, with how; empty: nothing
  bool operator==(const RecoveryStatus&) const = default;
};

}  // namespace waybill::control
