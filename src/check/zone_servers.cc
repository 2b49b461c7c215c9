#include "check/zone_servers.h"

#include <algorithm>

namespace waybill::check {
namespace {
/// The root has 26; a zone that lists more than this wants to keep us busy.
constexpr size_t kServersMax = 40;

/// The NS answer of the zone's apex; `open` and unknown answers end the walk. An alias belongs to the zone
/// above.
const dns::Answer* find_apex(const dns::Name& name, dns::Name& apex, Look& look, Report& report, bool& open) {
  for (apex = name; !apex.is_root(); apex = apex.parent()) {
    const dns::Answer* ns = look.dns(apex, dns::Type::ns);
    open = ns == nullptr;
    if (open) return nullptr;
    if (!ns->chain.empty()) continue;
    if (ns->present()) return ns;
    if (!ns->unknown()) continue;
    report.unknown(apex, dns::Type::ns, *ns);
    return nullptr;
  }
  report.skip(fmt::format("no zone below the root holds {}", name.to_string()));
  return nullptr;
}

void add_servers(ZoneServers& out, const dns::Name& name, const Look::Addresses& addresses, size_t& left_out,
                 Report& report) {
  const bool loop = addresses.v4->loop || addresses.v6->loop;
  if (loop || !addresses.v4->chain.empty() || !addresses.v6->chain.empty()) out.aliases.push_back(name);
  for (const auto& [type, answer] :
       {std::pair{dns::Type::a, addresses.v4}, std::pair{dns::Type::aaaa, addresses.v6}}) {
    if (answer->unknown() && !answer->loop) report.unknown(name, type, *answer);
  }
  if (addresses.ips.empty() && (loop || !addresses.unknown())) out.without_address.push_back(name);
  for (const IpAddress& ip : addresses.ips) {
    if (std::ranges::find(out.servers, ip, &ZoneServer::ip) != out.servers.end()) continue;
    if (out.servers.size() == kServersMax) {
      ++left_out;
    } else {
      out.servers.push_back({name, ip});
    }
  }
}
}  // namespace

std::string ZoneServer::to_string() const { return fmt::format("{} ({})", name.to_string(), ip.to_string()); }

std::optional<ZoneServers> zone_servers(const dns::Name& name, Look& look, Report& report) {
  ZoneServers out;
  bool open = false;
  const dns::Answer* ns = find_apex(name, out.zone, look, report, open);
  if (open) return std::nullopt;
  if (ns == nullptr) return out;
  for (const dns::Record& record : ns->records) {
    const auto* server = std::get_if<dns::Name>(&record.data);
    if (server != nullptr && !server->is_root()) out.names.push_back(*server);
  }
  std::ranges::sort(out.names, {}, [](const dns::Name& each) { return each.to_string(); });
  size_t left_out = 0;
  if (out.names.size() > kServersMax) {
    left_out = out.names.size() - kServersMax;
    out.names.resize(kServersMax);
  }
  for (const dns::Name& server : out.names) {
    const auto addresses = look.addresses(server);
    open = open || !addresses;
    if (addresses) add_servers(out, server, *addresses, left_out, report);
  }
  if (open) return std::nullopt;
  if (left_out != 0) {
    report.unknown(fmt::format("{} more name servers of {}", left_out, out.zone.to_string()),
                   fmt::format("only the first {} are asked", kServersMax));
  }
  return out;
}

}  // namespace waybill::check
