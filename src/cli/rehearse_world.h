// rehearse_world.h: the virtual world of `waybill rehearse DOMAIN…`: asks the DNS as the router would, reads
// the configuration, and makes a scenario of both. Blocks while it asks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/dns_options.h"
#include "cli/rehearse_flags.h"

namespace waybill::cli {

struct WorldOptions {
  std::vector<std::string> domains;
  std::string rate = "1/s", span = "1h", size = "4k";
  std::vector<std::string> down, silent, slow, does;
  std::string config_path;
  std::vector<std::string> self;
  bool backup = false;
  bool allow_loopback = false;
  uint64_t seed = 1;
  DnsOptions dns;
};

struct World {
  rehearse::Scenario scenario;
  std::vector<rehearse::Surveyed> surveyed;  ///< by domain
  std::vector<std::string> domains;
  std::string load;                  ///< "50/s for 6h, 4.0 KiB each"
  std::vector<std::string> unknown;  ///< what the DNS could not say
  uint64_t messages = 0;
};

/// Why there is no world, and the exit code that says so: bad words, a domain that takes no mail, or a DNS
/// that can't say.
struct NoWorld {
  std::string why;
  int code = 2;
};

/// The most messages of one run.
inline constexpr uint64_t kMessagesMax = 20'000'000;

[[nodiscard]] std::expected<World, NoWorld> make_world(const WorldOptions& options);

}  // namespace waybill::cli
