// convert.h: between what the spool holds and what the control API says; values only.
#pragma once

#include "control/types.h"
#include "queue/store.h"
#include "queue/types.h"

namespace waybill::daemon {

[[nodiscard]] Result<queue::Selector> to_queue(const control::Selector& selector);
[[nodiscard]] control::MessageInfo to_control(const queue::MessageRecord& message);
[[nodiscard]] control::RecipientInfo to_control(uint32_t index, const queue::RecipientRecord& recipient);
[[nodiscard]] control::TraceEvent to_control(const queue::Event& event);
[[nodiscard]] control::CustodyAnswer to_control(const queue::CustodyReport& report);

}  // namespace waybill::daemon
