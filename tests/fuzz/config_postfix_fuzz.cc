// Any text as main.cf, master.cf and the tables that they name: it ends in a configuration that parse()
// takes, never more open than what was there.
#include <cstdlib>

#include "config/import/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 32 * 1024) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  // Files part at a line of "%%": main.cf, master.cf, then one for every table.
  std::string parts[3];
  for (std::string& part : parts) {
    const size_t end = rest.find("%%\n");
    part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 3);
  }
  const auto read = [&](const std::string& path) -> waybill::Result<std::string> {
    return parts[path == "/etc/postfix/main.cf" ? 0 : path == "/etc/postfix/master.cf" ? 1 : 2];
  };
  const auto imported = waybill::config::moving::import_postfix("/etc/postfix", read, "host.example.org");
  if (!imported) std::abort();
  const auto config = waybill::config::parse(imported->toml, "x.toml");
  if (!config) std::abort();
  for (const auto& network : config->relay.trusted_networks)
    if (network.prefix_bits() < 7) std::abort();
  for (const char c : imported->toml)
    if (c != '\n' && (c < 0x20 || c > 0x7e)) std::abort();
  for (const auto& left : imported->not_carried)
    if (left.why.empty() || left.origin.to_string().find('\n') != std::string::npos) std::abort();
  return 0;
}
