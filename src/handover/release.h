// release.h: what delivery learnt of a destination becomes what the queue releases of its domains.
// Thread rule: on the loop of both.
#pragma once

#include <string>
#include <vector>

#include "deliver/manager.h"
#include "queue/scheduler.h"

namespace waybill::handover {

/// False: a message for a probe was wanted, and there is none. A spool that cannot be read has one, as far as
/// we know.
bool release(queue::Scheduler& scheduler, const std::vector<std::string>& domains,
             deliver::Manager::Release what, Time now);

}  // namespace waybill::handover
