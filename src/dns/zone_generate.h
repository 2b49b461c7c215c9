// zone_generate.h: BIND's $GENERATE: a range, and the `$` and `${offset,width,base}` in its templates. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill::dns {

struct GenerateRange {
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t step = 1;
};

/// "1-254" or "0-100/10", of at most `steps_max` steps.
[[nodiscard]] Result<GenerateRange> parse_generate_range(std::string_view text, size_t steps_max);
/// `$` becomes `value`; `\$` and `$$` a dollar sign; `${offset,width,base}` with base d, o, x or X.
[[nodiscard]] Result<std::string> expand_generate(std::string_view text, uint32_t value);

}  // namespace waybill::dns
