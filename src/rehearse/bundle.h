// bundle.h: lets one message of a long outage stand for several. Mail that nobody takes only waits, and when
// a host is back it goes at the rates of the slow start: a tenth of the messages at a tenth of these rates
// makes the same picture in a tenth of the time. Pure.
#pragma once

#include "rehearse/scenario.h"

namespace waybill::rehearse {

/// Where fewer than these wait for hosts that are all away, each message is played.
inline constexpr uint64_t kWaitingPlayed = 50'000;

/// How many messages one may stand for; 1: each must be played, because few wait, or because something in the
/// scenario counts messages or connections, or takes time, which a part of them would meet otherwise.
[[nodiscard]] uint64_t bundle_size(const Scenario& scenario, uint64_t waiting_played = kWaitingPlayed);

/// The scenario with `each` messages in one, and rates to match. REQUIRES: 1, or what bundle_size() said.
[[nodiscard]] Scenario bundled(Scenario scenario, uint64_t each);

}  // namespace waybill::rehearse
