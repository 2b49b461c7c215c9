// config_backup.h: of `waybill config check`, what only the DNS can tell: whether this host stands where a
// backup belongs among the MXs of each backup domain. By the planner that the daemon decides with.
#pragma once

#include <string>
#include <vector>

#include "cli/config_check.h"
#include "dns/resolver.h"

namespace waybill::cli {

/// Asks `resolver`, and waits. An error where mail would wait for a repair; a notice where the DNS did not
/// tell: that is no fault of the file. After kSilencesMax domains in a row that the DNS did not tell of, the
/// others are not asked for.
[[nodiscard]] std::vector<ConfigFinding> check_backups(const config::Config& config, const std::string& file,
                                                       dns::Resolver& resolver);
inline constexpr size_t kSilencesMax = 3;

}  // namespace waybill::cli
