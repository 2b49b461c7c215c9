// sender_domain.h: what the sender's domain says about mail from it. Pure: decides from the DNS's answer;
// never refuses for an answer that failed or was forged.
#pragma once

#include <optional>

#include "dns/answer.h"
#include "mail/address.h"
#include "mail/outcome.h"

namespace waybill::policy {

/// `mx` is the answer to the sender domain's MX question. A refusal when it is a null MX and nothing else:
/// 550 5.7.27 (RFC 7505 4.2).
[[nodiscard]] std::optional<mail::Reply> refuse_null_mx_sender(const mail::Domain& domain,
                                                               const dns::Answer& mx);

}  // namespace waybill::policy
