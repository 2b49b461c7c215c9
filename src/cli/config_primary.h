// config_primary.h: of `waybill config check`, whether the MX records of each domain that ends here name this
// host, as the daemon asks and tells it (daemon/primary_places.h).
#pragma once

#include <string>
#include <vector>

#include "cli/config_check.h"
#include "dns/resolver.h"

namespace waybill::cli {

/// Asks `resolver`, and waits. A warning where the MX is another host or null: mail is taken all the same; a
/// notice where there is none, or the DNS did not tell. After kPrimariesMax domains, or kPrimarySilencesMax
/// in a row that the DNS did not tell of, the others are not asked for.
[[nodiscard]] std::vector<ConfigFinding> check_primaries(const config::Config& config,
                                                         const std::string& file, dns::Resolver& resolver);
inline constexpr size_t kPrimariesMax = 100;
inline constexpr size_t kPrimarySilencesMax = 3;

}  // namespace waybill::cli
