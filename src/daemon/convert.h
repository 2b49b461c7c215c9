// convert.h: between what the spool holds and what the control API says; values only.
#pragma once

#include "control/types.h"
#include "queue/store.h"
#include "queue/types.h"

namespace waybill::daemon {

/// A rate in messages a second, as the API tells it; at least 1 for what is not 0.
[[nodiscard]] uint64_t per_minute(double rate);
/// How a destination stands, in a sentence.
[[nodiscard]] std::string describe(const control::RecoveryStatus& status, Time now);

[[nodiscard]] Result<queue::Selector> to_queue(const control::Selector& selector);
[[nodiscard]] control::MessageInfo to_control(const queue::MessageRecord& message);
[[nodiscard]] control::RecipientInfo to_control(uint32_t index, const queue::RecipientRecord& recipient);
[[nodiscard]] control::TraceEvent to_control(const queue::Event& event);
[[nodiscard]] control::CustodyAnswer to_control(const queue::CustodyReport& report);

}  // namespace waybill::daemon
