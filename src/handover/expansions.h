// expansions.h: what is told of recipients that stood for others: the ledger's lines, and the "expanded"
// reports that their senders asked for (RFC 3461 5.2.7.3 c), for the same transaction as the message.
// Pure. Thread rule: no state; as `ids` and the body.
#pragma once

#include <vector>

#include "handover/reports.h"
#include "mail/expand.h"

namespace waybill::handover {

/// `fresh` is the message with its recipients, `expanded` what they came from.
[[nodiscard]] Reports add_expansions(const Fresh& fresh, const std::vector<mail::Expanded>& expanded,
                                     const bounce::Settings& settings, const Expand& expand, IdSource& ids,
                                     Time now, queue::Transaction& transaction);

}  // namespace waybill::handover
