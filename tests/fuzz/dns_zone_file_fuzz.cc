// Zone files: any text; every error has a place, and what was read can be printed, served and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dns/zone.h"
#include "dns/zone_file.h"

using namespace waybill::dns;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ZoneReadOptions options{.records_max = 2000, .generate_max = 100};
  const ZoneFile file =
      read_zone_text({reinterpret_cast<const char*>(data), size}, "fuzz.test.zone", options);
  for (const ZoneError& error : file.errors) {
    if (error.line < 1 || error.column < 1 || error.what.empty()) std::abort();
  }
  for (const ZoneRecord& each : file.records) {
    if (to_string(each.record).empty()) std::abort();
  }
  (void)check_zone(file);
  for (const auto& zone : zones_of(file)) {
    for (const ZoneRecord& each : file.records) (void)zone->find(each.record.owner, each.record.type);
  }
  return 0;
}
