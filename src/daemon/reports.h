// reports.h: what the queue wants reported becomes messages of bounce/'s making, ready for the same
// transaction as the changes they tell of.
#pragma once

#include <memory>
#include <vector>

#include "base/id.h"
#include "bounce/report.h"
#include "daemon/intake.h"
#include "queue/scheduler.h"

namespace waybill::daemon {

/// Adds the reports that `plan` wants to `transaction`, one message for each kind (failure, delay, success),
/// and the ledger's lines about them. Returns what the conductor must schedule once it is committed.
[[nodiscard]] std::vector<Fresh> add_reports(const queue::Plan& plan, const bounce::Settings& settings,
                                             const queue::Schedule& schedule, IdSource& ids, Time now,
                                             queue::Transaction& transaction);

}  // namespace waybill::daemon
