// early_talker.h: who talks before it is his turn (RFC 5321 3.1, RFC 2920 3.1), and whom to wait for a little
// longer to find out. Pure.
#pragma once

#include "policy/client_record.h"
#include "policy/client_test.h"

namespace waybill::policy {

enum class Talked : uint8_t { in_turn, early };

[[nodiscard]] Finding judge_early_talker(Talked talked);
/// Whether the banner should keep this client waiting: it talked early before, left out a better MX, or had
/// no reverse name that agrees when it was last here.
[[nodiscard]] bool is_suspicious(const ClientRecord& record);

}  // namespace waybill::policy
