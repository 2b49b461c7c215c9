// A record that stands there twice counts once; often one of the two was meant to be another.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void run(const ZoneView& zone, ZoneReport& report) {
  for (const auto& [key, set] : zone.sets()) {
    if (set.size() < 2) continue;
    std::map<std::string, const dns::ZoneRecord*> seen;
    for (const dns::ZoneRecord* each : set) {
      const auto [at, fresh] = seen.try_emplace(dns::encode_rdata(key.type, each->record.data), each);
      if (fresh) continue;
      report.warning(*each, {.subject = key.owner.to_string(),
                             .got = fmt::format("the same {} record as in line {}", dns::to_string(key.type),
                                                at->second->line),
                             .want = "each record once",
                             .fix = "remove one of them, or mend the one that was meant to be another"});
    }
  }
}
}  // namespace

const ZoneCheck duplicate{.id = "zone.duplicate",
                          .number = 99,
                          .title = "No record stands there twice",
                          .ref = "RFC 2181 5",
                          .run = run};

}  // namespace waybill::check::zone
