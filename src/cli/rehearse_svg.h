// rehearse_svg.h: a rehearsal as a picture for people who do not read logs: which host took how much and
// when, how much waited, and when something was out of order. Pure; the SVG stands alone and loads nothing.
#pragma once

#include <string>

#include "cli/rehearse_report.h"

namespace waybill::cli {

[[nodiscard]] std::string rehearsal_svg(const Rehearsal& rehearsal);

}  // namespace waybill::cli
