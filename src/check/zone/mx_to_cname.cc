// An MX must name a host, not an alias of one.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void run(const ZoneView& zone, ZoneReport& report) {
  for (const auto& [key, set] : zone.sets()) {
    if (key.type != dns::Type::mx) continue;
    for (const dns::ZoneRecord* each : set) {
      const auto& mx = std::get<dns::Mx>(each->record.data);
      if (zone.zone().find(mx.exchange, dns::Type::a).status != dns::Zone::Status::cname) continue;
      const std::string end = end_of_aliases(zone.zone(), mx.exchange).to_string();
      report.error(*each,
                   {.subject = mx.exchange.to_string(),
                    .got = fmt::format("MX {} names an alias (CNAME) of {}", mx.preference, end),
                    .want = "the host's own name",
                    .fix = fmt::format("{}. MX {} {}.", key.owner.to_string(), mx.preference, end)},
                   ZoneReport::At::target);
    }
  }
}
}  // namespace

const ZoneCheck mx_to_cname{.id = "zone.mx-to-cname",
                            .title = "No MX names an alias of this zone",
                            .ref = "RFC 2181 10.3",
                            .covers = {"mx.target-is-cname"},
                            .run = run};

}  // namespace waybill::check::zone
