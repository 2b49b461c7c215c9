// Equals in one network fail together: one router, one data centre, one provider's mistake.
#include <algorithm>

#include "check/redundancy/mx_hosts.h"
#include "check/redundancy/redundancy.h"

namespace waybill::check::redundancy {
namespace {
/// The /24 or /48 that an address stands in: the smallest networks that are announced by themselves.
IpAddress network_of(const IpAddress& ip) {
  auto octets = ip.octets();
  if (ip.is_v4()) return IpAddress::v4({octets[0], octets[1], octets[2], 0});
  std::fill(octets.begin() + 6, octets.end(), uint8_t{0});
  return IpAddress::v6(octets);
}

struct Family {
  std::vector<IpAddress> networks;  ///< of every address of this family
  std::vector<std::string> hosts;   ///< that have one
};

Family family_of(const std::vector<MxHost>& hosts, bool v4) {
  Family out;
  for (const MxHost& host : hosts) {
    bool any = false;
    for (const IpAddress& ip : host.addresses.ips) {
      if (ip.is_v4() != v4) continue;
      out.networks.push_back(network_of(ip));
      any = true;
    }
    if (any) out.hosts.push_back(host.mx.exchange.to_string());
  }
  return out;
}

void judge(uint16_t preference, const std::vector<MxHost>& hosts, bool v4, Report& report) {
  const Family family = family_of(hosts, v4);
  if (family.hosts.size() < 2) return;
  const IpAddress& first = family.networks.front();
  if (!std::ranges::all_of(family.networks, [&](const IpAddress& each) { return each == first; })) return;
  const auto unknown =
      std::ranges::find_if(hosts, [](const MxHost& host) { return host.addresses.unknown(); });
  if (unknown != hosts.end()) {
    // One that stands elsewhere would change the verdict.
    return report.unknown(unknown->mx.exchange, v4 ? dns::Type::a : dns::Type::aaaa,
                          unknown->addresses.failed());
  }
  report.warning(
      {.subject = fmt::format("{}/{}", first.to_string(), v4 ? 24 : 48),
       .got = fmt::format("all {} hosts of preference {} stand in this network: {}", family.hosts.size(),
                          preference, fmt::join(family.hosts, ", ")),
       .want = "hosts of one preference in different networks, so that they don't fail together",
       .fix = fmt::format("move {} to another network, best at another site", family.hosts.back())});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto tiers = mx_tiers(subject, look, report);
  if (!tiers) return;
  for (const auto& [preference, hosts] : *tiers) {
    judge(preference, hosts, true, report);
    judge(preference, hosts, false, report);
  }
}
}  // namespace

const Check one_network{.id = "redundancy.one-network",
                        .number = 106,
                        .title = "Hosts of one preference stand in different networks",
                        .ref = "",
                        .run = run};

}  // namespace waybill::check::redundancy
