// reports.h: what the queue wants reported becomes messages of bounce/'s making, ready for the same
// transaction as the changes they tell of.
// Pure but for the original's body, which a report may quote. Thread rule: no state; as `ids` and the body.
#pragma once

#include <vector>

#include "base/id.h"
#include "bounce/report.h"
#include "handover/fresh.h"
#include "queue/scheduler.h"

namespace waybill::handover {

/// One recipient's news. `give_up`: when a delayed one expires.
[[nodiscard]] bounce::Recipient to_bounce(const queue::Report& report, Time give_up);

struct Reports {
  std::vector<Fresh> messages;  ///< to schedule once the transaction is committed
  std::vector<Error> failed;    ///< one for each report that could not be composed: nobody is told
};

/// Adds the reports that `plan` wants to `transaction`, one message for each kind (failure, delay, success),
/// and the ledger's lines about them.
[[nodiscard]] Reports add_reports(const queue::Plan& plan, const bounce::Settings& settings,
                                  const queue::Schedule& schedule, IdSource& ids, Time now,
                                  queue::Transaction& transaction);

}  // namespace waybill::handover
