// The checks of a zone file: any text. Each finding says what, what else and how to mend it, and has a place
// within the text; with a line that can't be read nothing is called missing.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "check/zone/zone_check.h"

using namespace waybill;

namespace {
void require(bool holds, const std::string& what = {}) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const dns::ZoneFile file =
      dns::read_zone_text(text, "fuzz.test.zone", {.records_max = 1000, .generate_max = 100});
  const auto lines = std::ranges::count(text, '\n') + 1;
  for (const check::Finding& finding : check::check_zone_file(check::ZoneView(file))) {
    require(finding.where.has_value(), finding.id);
    require(finding.where->line >= 1 && finding.where->line <= lines && finding.where->column >= 1,
            finding.id);
    require(!finding.got.empty() && !finding.want.empty() && !finding.fix.empty(), finding.id);
    const check::ZoneCheck* by = check::find_zone_check(finding.id);
    require(by != nullptr, finding.id);
    require(file.errors.empty() || by->judges == check::ZoneCheck::Judges::what_stands, finding.id);
  }
  return 0;
}
