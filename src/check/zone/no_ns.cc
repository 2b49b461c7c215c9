// A zone names its own name servers.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void run(const ZoneView& zone, ZoneReport& report) {
  if (!zone.file().has_soa || zone.set(zone.origin(), dns::Type::ns) != nullptr) return;
  const std::string origin = zone.origin().to_string();
  report.error(*zone.soa(),
               {.subject = origin,
                .got = "no NS record at the origin: name servers refuse such a zone",
                .want = "the zone's name servers, the same as its parent has",
                .fix = fmt::format("{0}. NS ns1.{0}.   one such line for each name server", origin)});
}
}  // namespace

const ZoneCheck no_ns{.id = "zone.no-ns",
                      .title = "The zone names its name servers",
                      .ref = "RFC 1034 4.2.1",
                      .judges = ZoneCheck::Judges::what_lacks,
                      .run = run};

}  // namespace waybill::check::zone
