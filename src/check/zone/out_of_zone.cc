// A record whose owner is not within the zone is ignored by name servers, or keeps the zone from loading.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void run(const ZoneView& zone, ZoneReport& report) {
  if (!zone.file().has_soa) return;
  const std::string origin = zone.origin().to_string();
  for (const auto& [key, set] : zone.sets()) {
    if (key.owner.is_within(zone.origin())) continue;
    const std::string owner = key.owner.to_string();
    for (const dns::ZoneRecord* each : set) {
      report.error(
          *each, {.subject = owner,
                  .got = fmt::format("{} is not in the zone {}: nobody will see this record", owner, origin),
                  .want = fmt::format("an owner that ends in {}", origin),
                  .fix = fmt::format("remove it; {} belongs in the zone above it", owner)});
    }
  }
}
}  // namespace

const ZoneCheck out_of_zone{.id = "zone.out-of-zone",
                            .number = 100,
                            .title = "Every record belongs to the zone",
                            .ref = "RFC 1035 5.2",
                            .run = run};

}  // namespace waybill::check::zone
