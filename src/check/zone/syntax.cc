// What the zone reader could not read. Name servers refuse the whole zone for one such line.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
void run(const ZoneView& zone, ZoneReport& report) {
  for (const dns::ZoneError& error : zone.file().errors) {
    report.error(Where{error.file, error.line, error.column},
                 {.subject = zone.origin().to_string(),
                  .got = error.what,
                  .want = "an entry that every name server can read",
                  .fix = "mend this line; until then what may be missing in the zone is not judged"});
  }
}
}  // namespace

const ZoneCheck syntax{.id = "zone.syntax",
                       .title = "Every line of the zone file can be read",
                       .ref = "RFC 1035 5.1",
                       .run = run};

}  // namespace waybill::check::zone
