// reports.h: what the queue wants reported becomes messages of bounce/'s making, ready for the same
// transaction as the changes they tell of.
// Pure but for the original's body, which a report may quote. Thread rule: no state; as `ids` and the body.
#pragma once

#include <functional>
#include <vector>

#include "base/id.h"
#include "bounce/report.h"
#include "handover/fresh.h"
#include "mail/expand.h"
#include "queue/scheduler.h"

namespace waybill::handover {

/// Who receives a report, when its address is one that ends here: an alias of ours may be the sender of mail.
/// Empty: as it stands.
using Expand = std::function<mail::Expanded(mail::Recipient)>;

/// One recipient's news. `give_up`: when a delayed one expires.
[[nodiscard]] bounce::Recipient to_bounce(const queue::Report& report, Time give_up);

struct Reports {
  std::vector<Fresh> messages;  ///< to schedule once the transaction is committed
  std::vector<Error> failed;    ///< one for each report that could not be composed: nobody is told
};

/// A report as a message like any other, added to `transaction`.
[[nodiscard]] Fresh report_message(bounce::Report report, MessageId id, Time now, const Expand& expand,
                                   queue::Transaction& transaction);

/// Adds the reports that `plan` wants to `transaction`, one message for each kind (failure, delay, success),
/// and the ledger's lines about them.
[[nodiscard]] Reports add_reports(const queue::Plan& plan, const bounce::Settings& settings,
                                  const queue::Schedule& schedule, IdSource& ids, Time now,
                                  queue::Transaction& transaction, const Expand& expand = {});

}  // namespace waybill::handover
