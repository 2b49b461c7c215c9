#include "check/redundancy/mx_hosts.h"

#include <set>

namespace waybill::check::redundancy {

std::optional<MxTiers> mx_tiers(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* mx = known(look, report, subject.name, dns::Type::mx);
  if (mx == nullptr) return std::nullopt;
  MxTiers out;
  std::set<dns::Name> seen;
  bool open = false;
  for (dns::Mx& record : mx_of(*mx)) {
    if (record.exchange.is_root() || !seen.insert(record.exchange).second) continue;
    auto addresses = look.addresses(record.exchange);
    if (!addresses) {
      open = true;  // go on: the other hosts' questions belong to the same round
      continue;
    }
    const uint16_t preference = record.preference;
    out[preference].push_back({std::move(record), std::move(*addresses)});
  }
  if (open) return std::nullopt;
  if (out.empty()) {
    report.skip(fmt::format("{} has no MX host", subject.name.to_string()));
    return std::nullopt;
  }
  return out;
}

}  // namespace waybill::check::redundancy
