// An NS must name a host, not an alias of one: resolvers need its address beside the delegation.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void run(const ZoneView& zone, ZoneReport& report) {
  for (const auto& [key, set] : zone.sets()) {
    if (key.type != dns::Type::ns) continue;
    for (const dns::ZoneRecord* each : set) {
      const auto& host = std::get<dns::Name>(each->record.data);
      if (zone.zone().find(host, dns::Type::a).status != dns::Zone::Status::cname) continue;
      const std::string end = end_of_aliases(zone.zone(), host).to_string();
      report.error(*each,
                   {.subject = host.to_string(),
                    .got = fmt::format("NS names an alias (CNAME) of {}", end),
                    .want = "the name server's own name",
                    .fix = fmt::format("{}. NS {}.", key.owner.to_string(), end)},
                   ZoneReport::At::target);
    }
  }
}
}  // namespace

const ZoneCheck ns_to_cname{.id = "zone.ns-to-cname",
                            .title = "No NS names an alias of this zone",
                            .ref = "RFC 2181 10.3",
                            .run = run};

}  // namespace waybill::check::zone
