// Zone files: any text. Every error has a place within the text; what was read can be printed, read again as
// the same, and served: no name that has a record is ever denied.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dns/zone.h"
#include "dns/zone_file.h"

using namespace waybill::dns;

namespace {
void require(bool holds, const std::string& what = {}) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

void print_and_read_again(const ZoneFile& file) {
  std::string printed;
  for (const ZoneRecord& each : file.records) printed += to_string(each.record) + "\n";
  const ZoneFile again = read_zone_text(printed, "fuzz.test.zone", {.records_max = 2000});
  require(again.errors.empty(), again.errors.empty() ? "" : again.errors[0].to_string() + "\n" + printed);
  require(again.records.size() == file.records.size(), printed);
  for (size_t i = 0; i < file.records.size(); ++i) {
    require(again.records[i].record == file.records[i].record, to_string(file.records[i].record));
    require(again.records[i].line == static_cast<int>(i) + 1);
  }
}

void ask_for_everything(const ZoneFile& file) {
  ZoneSet zones;
  for (auto& zone : zones_of(file)) zones.add(zone);
  for (const ZoneRecord& each : file.records) {
    const Zone* zone = zones.find(each.record.owner);
    if (zone == nullptr) continue;
    const Zone::Found found = zone->find(each.record.owner, each.record.type);
    require(found.status != Zone::Status::nxdomain && found.status != Zone::Status::out_of_zone);
    if (found.status == Zone::Status::answer)
      require(found.set != nullptr && found.set->type == each.record.type && !found.set->records.empty());
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ZoneReadOptions options{.records_max = 2000, .generate_max = 100};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ZoneFile file = read_zone_text(text, "fuzz.test.zone", options);
  const auto lines = std::ranges::count(text, '\n') + 1;
  require(file.records.size() <= options.records_max && file.errors.size() <= options.errors_max);
  for (const ZoneError& error : file.errors) {
    require(error.line >= 1 && error.line <= lines && error.column >= 1 && !error.what.empty());
  }
  (void)check_zone(file);
  print_and_read_again(file);
  ask_for_everything(file);
  return 0;
}
