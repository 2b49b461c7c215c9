#include "handover/release.h"

namespace waybill::handover {

bool release(queue::Scheduler& scheduler, const std::vector<std::string>& domains,
             deliver::Manager::Release what, Time now) {
  switch (what) {
    case deliver::Manager::Release::one:
      return scheduler.release_one(domains).value_or(true);
    case deliver::Manager::Release::all:
      scheduler.release_domains(domains, now);
      return true;
    case deliver::Manager::Release::none:
      scheduler.withhold(domains);
      return true;
  }
  return true;
}

}  // namespace waybill::handover
