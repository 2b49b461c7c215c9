// Any text as a configuration: it ends in values or in located faults.
#include <algorithm>
#include <cstdlib>

#include "config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 64 * 1024) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = waybill::config::parse(text, "fuzz.toml");
  if (!config) {
    if (config.error().empty() || config.error().size() > waybill::config::kErrorsMax) std::abort();
    const auto lines = static_cast<uint32_t>(std::ranges::count(text, '\n')) + 1;
    for (const auto& error : config.error()) {
      if (error.to_string().find('\n') != std::string::npos) std::abort();
      if (error.line > lines || (error.line == 0) != (error.column == 0)) std::abort();
    }
    return 0;
  }
  // Never an open relay, never without a route or a way in.
  for (const auto& network : config->relay.trusted_networks) {
    if (network.prefix_bits() < 7) std::abort();
  }
  if (config->routes.empty() || config->routes.back().pattern != "*" || config->listeners.empty())
    std::abort();
  return 0;
}
