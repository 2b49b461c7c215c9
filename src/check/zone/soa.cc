// A zone file begins a zone by one SOA, at its origin.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void no_soa(const ZoneView& zone, ZoneReport& report) {
  const auto& records = zone.file().records;
  const std::string origin = zone.origin().to_string();
  const std::string dot = zone.origin().is_root() ? "" : ".";
  ZoneReport::Fault fault{
      .subject = origin,
      .got = "no SOA record: no name server loads this file as a zone",
      .want = "one SOA, at the origin",
      .fix = fmt::format("{0}{1} IN SOA ns1.{0}{1} hostmaster.{0}{1} 2026010100 7200 900 1209600 3600",
                         zone.origin().is_root() ? "." : origin, dot)};
  if (records.empty()) return report.error(Where{zone.file().name, 1, 1}, std::move(fault));
  report.error(records.front(), std::move(fault));
}

void run(const ZoneView& zone, ZoneReport& report) {
  if (!zone.file().has_soa) {
    // It may be the very line that could not be read.
    if (zone.file().errors.empty()) no_soa(zone, report);
    return;
  }
  const dns::ZoneRecord& first = *zone.soa();
  for (const auto& [key, set] : zone.sets()) {
    if (key.type != dns::Type::soa) continue;
    for (const dns::ZoneRecord* each : set) {
      // An equal one is a duplicate, and one out of the zone is just that.
      if (each == &first || each->record.data == first.record.data || !key.owner.is_within(zone.origin()))
        continue;
      const bool second = key.owner == zone.origin();
      report.error(
          *each, {.subject = key.owner.to_string(),
                  .got = second ? fmt::format("a second SOA; the first stands in line {}", first.line)
                                : fmt::format("a SOA below the zone's origin {}", zone.origin().to_string()),
                  .want = "one SOA, at the origin",
                  .fix = second ? "remove one of them"
                                : fmt::format("move {} into a zone file of its own, and delegate it by NS",
                                              key.owner.to_string())});
    }
  }
}
}  // namespace

const ZoneCheck soa{
    .id = "zone.soa", .title = "The zone has one SOA, at its origin", .ref = "RFC 1035 5.2", .run = run};

}  // namespace waybill::check::zone
