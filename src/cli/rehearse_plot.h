// rehearse_plot.h: small bars of characters: how something went over time, on a terminal. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/rehearse_report.h"

namespace waybill::cli {

enum class Glyphs : uint8_t {
  unicode,  ///< ▁▂▃▄▅▆▇█
  ascii,    ///< .:-=+*#@
};
/// By the locale that the environment names (LC_ALL, LC_CTYPE, LANG: the first that is set decides).
[[nodiscard]] Glyphs glyphs_of_locale(const char* lc_all, const char* lc_ctype, const char* lang);

enum class Combine : uint8_t { most, mean };
/// As many values as there are columns, each of its part of the slots.
[[nodiscard]] std::vector<double> resampled(const std::vector<uint64_t>& slots, size_t columns,
                                            Combine combine);
/// The highest value that a picture shows in full: the most, unless a few peaks tower so far above the rest
/// that nothing else would be seen. Peaks above it are cut, and said in words.
[[nodiscard]] double top_of(const std::vector<double>& values);

/// Lines from the top down, each as long as `values`; what is above nothing shows at least the lowest mark.
[[nodiscard]] std::vector<std::string> bars(const std::vector<double>& values, double top, size_t rows,
                                            Glyphs glyphs);

/// The queue and each host's load, under one axis of time.
[[nodiscard]] std::string rehearsal_plot(const Rehearsal& rehearsal, size_t columns, Glyphs glyphs,
                                         Paint paint);

}  // namespace waybill::cli
