#include "resolve/resolv_conf.h"

#include <fstream>
#include <sstream>

#include "base/bytes.h"

namespace waybill::resolve {

std::vector<Endpoint> parse_resolv_conf(std::string_view text) {
  constexpr std::string_view kKey = "nameserver";
  std::vector<Endpoint> servers;
  for (const std::string_view raw : split(text, '\n')) {
    const auto line = trim(raw);
    if (!line.starts_with(kKey) || line.size() == kKey.size()) continue;
    const char after = line[kKey.size()];
    if (after != ' ' && after != '\t') continue;
    auto value = trim(line.substr(kKey.size()));
    value = value.substr(
        0, value.find_first_of(" \t#;%"));  // %: a link-local zone, which can't be asked from here
    if (const auto ip = IpAddress::parse(value)) servers.push_back({*ip, 53});
  }
  return servers;
}

Result<std::vector<Endpoint>> read_resolv_conf(const std::string& path) {
  std::ifstream in(path);
  if (!in) return std::unexpected(errno_error("cannot read " + path));
  std::ostringstream text;
  text << in.rdbuf();
  auto servers = parse_resolv_conf(text.str());
  if (servers.empty()) return fail(Errc::not_found, "{} names no name server", path);
  return servers;
}

}  // namespace waybill::resolve
