// when.h: a time as people give it on the command line. Pure.
#pragma once

#include <string_view>

#include "base/clock.h"

namespace waybill::cli {

/// RFC 3339 ("2026-11-23T10:00:00Z", "2026-11-23T11:00:00+01:00"), "now", or from `now` on: "+2d", "in 6h".
[[nodiscard]] Result<Time> parse_when(std::string_view text, Time now);

/// "2026-11-23T10:00:00Z": RFC 3339 without parts of a second.
[[nodiscard]] std::string format_when(Time time);

}  // namespace waybill::cli
