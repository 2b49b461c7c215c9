// rehearse_text.h: a rehearsal for people: a table of the hosts, what came of the mail, and a small plot.
// Pure.
#pragma once

#include <string>

#include "cli/rehearse_plot.h"
#include "cli/rehearse_report.h"

namespace waybill::cli {

struct Screen {
  size_t columns = 80;
  Glyphs glyphs = Glyphs::unicode;
  Paint paint = Paint::off;
};

[[nodiscard]] std::string rehearsal_text(const Rehearsal& rehearsal, const Screen& screen);
/// Of several scenario files: one line each, and a line for each expectation that was not met.
[[nodiscard]] std::string verdict_text(const Rehearsal& rehearsal, Paint paint);

}  // namespace waybill::cli
