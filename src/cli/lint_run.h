// lint_run.h: what `waybill lint` finds in zone files that were read: the zone checks, and of the domain
// checks all that the files alone can answer. Nothing is asked of the network, and nothing is printed.
// Blocking.
#pragma once

#include <string>
#include <vector>

#include "check/finding.h"
#include "dns/zone_file.h"

namespace waybill::cli {

struct LintOptions {
  bool lab = false;           ///< reserved addresses are what a lab has
  size_t domains_max = 2000;  ///< names with MX records that get the domain checks; zone checks see all names
};

struct Linted {
  std::vector<check::Finding> findings;  ///< each with its place, in the order of the file
  size_t domains = 0;                    ///< names to which the domain checks were put
  size_t domains_left_out = 0;           ///< over domains_max
  size_t checks = 0;                     ///< checks that had their say, of the zone and of domains
  size_t fine = 0;                       ///< of those, found nothing anywhere
  size_t outside = 0;                    ///< checks that the zone alone can't answer
};

/// In the order of `files`; they answer for one another, as a zone and its reverse zone do. With syntax
/// errors in a file the domain checks wait: what seems to be missing may just not be readable.
[[nodiscard]] std::vector<Linted> lint(const std::vector<dns::ZoneFile>& files, const LintOptions& options);

}  // namespace waybill::cli
