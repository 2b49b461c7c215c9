// The records of one set are kept and forgotten together, so they have one TTL.
#include <algorithm>

#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void run(const ZoneView& zone, ZoneReport& report) {
  for (const auto& [key, set] : zone.sets()) {
    if (key.type == dns::Type::rrsig) continue;  // each goes with the set that it signs
    const auto ttl = [](const dns::ZoneRecord* each) { return each->record.ttl_s; };
    const uint32_t first_s = ttl(set.front());
    const auto other = std::ranges::find_if(set, [&](const auto* each) { return ttl(each) != first_s; });
    if (other == set.end()) continue;
    const uint32_t lowest_s = ttl(*std::ranges::min_element(set, {}, ttl));
    const std::string owner = key.owner.to_string();
    report.warning(
        **other, {.subject = owner,
                  .got = fmt::format("TTL {} s; the {} record of {} in line {} has {} s", ttl(*other),
                                     dns::to_string(key.type), owner, set.front()->line, first_s),
                  .want = "one TTL for all records of one name and type",
                  .fix = fmt::format("give all {} records of {} the TTL {}", dns::to_string(key.type), owner,
                                     lowest_s)});
  }
}
}  // namespace

const ZoneCheck differing_ttls{.id = "zone.differing-ttls",
                               .number = 98,
                               .title = "All records of one name and type have one TTL",
                               .ref = "RFC 2181 5.2",
                               .run = run};

}  // namespace waybill::check::zone
