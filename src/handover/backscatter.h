// backscatter.h: reports that would go to an address that a stranger gave, about mail that a backup took for
// a primary and the primary refused: the stranger's address may be forged, and whoever has it has sent
// nothing. Pure. Thread rule: free functions without state; any thread.
#pragma once

#include <functional>

#include "queue/scheduler.h"

namespace waybill::handover {

/// Whether what a host refuses of this message, to this domain, is not to be reported to its sender.
using Quiet = std::function<bool(const queue::MessageRecord& message, const mail::Domain& domain)>;

/// Withdraws the failure reports of `plan` that `quiet` says of and that a remote host's own 5yz caused; the
/// ledger's line says so. What expired, or what we refuse ourselves, is reported as ever. Returns how many.
size_t withhold_backscatter(queue::Plan& plan, const Quiet& quiet);

}  // namespace waybill::handover
