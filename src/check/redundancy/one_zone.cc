// All MX hosts may be alive and still be lost when the one zone that names them cannot be reached.
#include <algorithm>
#include <set>

#include "check/redundancy/redundancy.h"

namespace waybill::check::redundancy {
namespace {
struct ZoneOf {
  dns::Name apex;
  std::set<dns::Name> servers;
};

/// The zone that holds `name`: the nearest name above it with NS records. Null: open, unknown (reported), or
/// none.
std::optional<ZoneOf> zone_of(const dns::Name& name, Look& look, Report& report) {
  for (dns::Name at = name; !at.is_root(); at = at.parent()) {
    const dns::Answer* ns = known(look, report, at, dns::Type::ns);
    if (ns == nullptr) return std::nullopt;
    if (!ns->present() || !ns->chain.empty()) continue;
    ZoneOf out{.apex = at, .servers = {}};
    for (const dns::Record& record : ns->records) {
      if (const auto* server = std::get_if<dns::Name>(&record.data)) out.servers.insert(*server);
    }
    return out;
  }
  return std::nullopt;
}

std::string list(const std::set<dns::Name>& names) {
  std::vector<std::string> out;
  for (const dns::Name& name : names) out.push_back(name.to_string());
  return fmt::format("{}", fmt::join(out, ", "));
}

void judge(const Subject& subject, const std::vector<ZoneOf>& zones, Report& report) {
  const ZoneOf& first = zones.front();
  const bool one_apex =
      std::ranges::all_of(zones, [&](const ZoneOf& zone) { return zone.apex == first.apex; });
  const bool one_set =
      std::ranges::all_of(zones, [&](const ZoneOf& zone) { return zone.servers == first.servers; });
  if (!one_apex && !one_set) return;
  const std::string own = subject.name.is_within(first.apex) ? ", the domain's own" : "";
  report.notice(
      {.subject = first.apex.to_string(),
       .got = one_apex ? fmt::format("all {} MX names stand in this one zone{}, served by {}", zones.size(),
                                     own, list(first.servers))
                       : fmt::format("the zones of all {} MX names have the same name servers: {}",
                                     zones.size(), list(first.servers)),
       .want =
           "MX names in two zones with name servers of their own, so that one zone's failure leaves a host",
       .fix = "give one MX host a name in another zone that other name servers serve"});
}

void run(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* mx = known(look, report, subject.name, dns::Type::mx);
  if (mx == nullptr) return;
  std::set<dns::Name> hosts;
  for (const dns::Mx& record : mx_of(*mx)) {
    if (!record.exchange.is_root()) hosts.insert(record.exchange);
  }
  if (hosts.size() < 2) return report.skip(fmt::format("{} has not two MX hosts", subject.name.to_string()));
  std::vector<ZoneOf> zones;
  for (const dns::Name& host : hosts) {
    if (auto zone = zone_of(host, look, report)) zones.push_back(std::move(*zone));
  }
  // One whose zone is not known might be the other one.
  if (zones.size() == hosts.size()) judge(subject, zones, report);
}
}  // namespace

const Check one_zone{.id = "redundancy.one-zone",
                     .number = 107,
                     .title = "The MX names don't all hang on one zone or one set of name servers",
                     .ref = "RFC 2182 3.1",
                     .run = run};

}  // namespace waybill::check::redundancy
