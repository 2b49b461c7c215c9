// zone_servers.h: the name servers of the zone that a name stands in, each with its addresses, for the checks
// that ask them one by one (--authoritative). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/check.h"

namespace waybill::check {

struct ZoneServer {
  dns::Name name;
  IpAddress ip;
  [[nodiscard]] std::string to_string() const;  ///< "ns1.example.org (192.0.2.53)"
};
struct ZoneServers {
  dns::Name zone;                   ///< meaningless if `names` is empty
  std::vector<dns::Name> names;     ///< of its NS records, sorted
  std::vector<ZoneServer> servers;  ///< each address once
  std::vector<dns::Name> without_address;
  std::vector<dns::Name> aliases;  ///< an NS must name a host (RFC 2181 10.3)
};
/// The nearest name with NS records, from `name` upwards. Nothing: some answers are open. What could not be
/// had, and servers over the limit of 40 addresses, are reported as unknown; without any NS below the root
/// the check is skipped.
[[nodiscard]] std::optional<ZoneServers> zone_servers(const dns::Name& name, Look& look, Report& report);

}  // namespace waybill::check
