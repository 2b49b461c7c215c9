// A full name without its final dot is taken for a relative one: mail.example.org.example.org.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void run(const ZoneView& zone, ZoneReport& report) {
  const bool reverse = is_reverse_zone(zone.origin());
  const auto fault = [&](const dns::Name& name, std::string got) {
    const std::string full = relative_to(name, zone.origin()).to_string();
    return ZoneReport::Fault{.subject = name.to_string(),
                             .got = std::move(got),
                             .want = fmt::format("{}. with its final dot", full),
                             .fix = fmt::format("write {}. (with the dot at the end)", full)};
  };
  for (const auto& [key, set] : zone.sets()) {
    if (has_origin_twice(key.owner, zone.origin())) {
      report.error(*set.front(),
                   fault(key.owner, fmt::format("the owner reads as {}.", key.owner.to_string())));
    }
    for (const dns::ZoneRecord* each : set) {
      const auto target = target_of(each->record);
      if (!target) continue;
      // A PTR names a host, and no host's name ends in that of a reverse zone.
      const bool relative_ptr = reverse && key.type == dns::Type::ptr && target->is_within(zone.origin());
      if (!relative_ptr && !has_origin_twice(*target, zone.origin())) continue;
      report.error(
          *each,
          fault(*target, fmt::format("{} points at {}.", dns::to_string(key.type), target->to_string())),
          ZoneReport::At::target);
    }
  }
}
}  // namespace

const ZoneCheck missing_dot{
    .id = "zone.missing-dot",
    .number = 101,
    .title = "No full name lacks its final dot",
    .ref = "RFC 1035 5.1",
    .covers = {"domain.doubled-name", "mx.target-no-address", "mx.target-is-address", "mx.bad-hostname"},
    .run = run};

}  // namespace waybill::check::zone
