// rocks_reconcile.h: after a rebuilding, makes what was found agree: the ledger decides who has ended, the
// indexes are written anew, and whoever is neither open nor ended gets a ledger line that says so. Only
// rocks_*.cc include this.
#pragma once

#include "base/clock.h"
#include "queue/rocks_open.h"

namespace waybill::queue::rocks {

/// `spool` has messages, recipients, bodies and the ledger, as far as they were found; no index and no
/// counters.
[[nodiscard]] rocksdb::Status reconcile(const Database& spool, Time now);

}  // namespace waybill::queue::rocks
