// config_check.h: what only the machine can prove of a configuration: files, certificates, addresses, zones.
// Reads and probes, changes nothing; asks no network (an address is tried by binding port 0 to it for a
// moment).
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace waybill::cli {

enum class Level { error, warning, notice };
[[nodiscard]] std::string_view to_string(Level level);

/// One finding, in design.md's shape.
struct ConfigFinding {
  std::string id;  ///< "config.tls-expired"
  Level level = Level::error;
  std::string subject;  ///< the key: "tls.certificate"
  std::string message;
  std::string fix;  ///< empty: the message says it
  std::string file;
  uint32_t line = 0;  ///< 0: a default, or the file as a whole
  uint32_t column = 0;
};

/// `file` is the configuration's name, for positions.
[[nodiscard]] std::vector<ConfigFinding> check_machine(const config::Config& config, const std::string& file,
                                                       Time now);
/// The parser's faults as findings ("config.syntax").
[[nodiscard]] std::vector<ConfigFinding> as_findings(const config::Errors& errors);

}  // namespace waybill::cli
