// Any text as sendmail.mc, mailertable and the other tables: it ends in a configuration that parse() takes.
#include <cstdlib>

#include "config/import/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 32 * 1024) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  // Files part at a line of "%%": sendmail.mc, mailertable, then one for every other table.
  std::string parts[3];
  for (std::string& part : parts) {
    const size_t end = rest.find("%%\n");
    part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 3);
  }
  const auto read = [&](const std::string& path) -> waybill::Result<std::string> {
    return parts[path == "/etc/mail/sendmail.mc" ? 0 : path == "/etc/mail/mailertable" ? 1 : 2];
  };
  const auto imported = waybill::config::moving::import_sendmail({"/etc/mail"}, read, "host.example.org");
  if (!imported) std::abort();
  const auto config = waybill::config::parse(imported->toml, "x.toml");
  if (!config) std::abort();
  for (const auto& network : config->relay.trusted_networks)
    if (network.prefix_bits() < 7) std::abort();
  for (const char c : imported->toml)
    if (c != '\n' && (c < 0x20 || c > 0x7e)) std::abort();
  return 0;
}
