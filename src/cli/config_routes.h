// config_routes.h: what `config check` finds in the route table: entries that no mail can reach, conditions
// that never hold, and files that a smart host needs. Reads those files; never shows what is in them.
#pragma once

#include <string>
#include <vector>

#include "cli/config_check.h"

namespace waybill::cli {

struct RouteFault {
  Level level = Level::warning;
  std::string id;
  std::string subject;  ///< the key: `route."*"[1].senders`
  std::string message;
  std::string fix;
};
[[nodiscard]] std::vector<RouteFault> check_routes(const config::Config& config);

}  // namespace waybill::cli
