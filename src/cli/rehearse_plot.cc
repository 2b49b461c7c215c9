#include "cli/rehearse_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/bytes.h"

namespace waybill::cli {
namespace {
constexpr size_t kQueueRows = 4;
constexpr size_t kHostRows = 2;
constexpr size_t kLabelColumns = 14;
constexpr size_t kHostsMax = 12;
/// Peaks are cut when they are this many times what all but the busiest twentieth reach.
constexpr double kTowering = 6;

std::string_view glyph(size_t eighths, Glyphs glyphs) {
  static constexpr std::array<std::string_view, 9> kBlocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<std::string_view, 9> kAscii{" ", ".", ":", "-", "=", "+", "*", "#", "@"};
  return glyphs == Glyphs::unicode ? kBlocks.at(eighths) : kAscii.at(eighths);
}

std::string label(std::string_view text) {
  const std::string shown = shortened(terminal_safe(text), kLabelColumns);
  return std::string(kLabelColumns - std::min(kLabelColumns, display_width(shown)), ' ') + shown + " ";
}

bool is_out(const Player& player, Millis at) {
  return std::ranges::any_of(player.outages,
                             [at](const Outage& one) { return one.whole && one.window.holds(at); });
}

/// Where the host is out and takes nothing, that is drawn: nothing to see is no explanation.
void mark_outages(std::vector<std::string>& lines, const Player& player, const std::vector<double>& load,
                  Millis end, Glyphs glyphs) {
  std::string& lowest = lines.back();
  std::string marked;
  size_t octet = 0;
  for (size_t column = 0; column < load.size(); ++column) {
    const size_t next =
        octet + (static_cast<unsigned char>(lowest[octet]) < 0x80 ? 1 : 3);  // a block has three
    const Millis at{end.count() * static_cast<int64_t>(2 * column + 1) /
                    static_cast<int64_t>(2 * load.size())};
    const bool out = load[column] == 0 && is_out(player, at);
    marked += out ? std::string(glyphs == Glyphs::unicode ? "×" : "x") : lowest.substr(octet, next - octet);
    octet = next;
  }
  lowest = std::move(marked);
}

std::string axis(Millis end, size_t columns) {
  std::string line(columns + 12, ' ');
  size_t free_from = 0;
  for (const Millis tick : time_ticks(end)) {
    const auto at = static_cast<size_t>(
        end.count() == 0 ? 0 : tick.count() * static_cast<int64_t>(columns) / end.count());
    const std::string text = tick.count() == 0 ? "0" : format_duration(tick);
    if (at < free_from || at + text.size() > line.size()) continue;
    line.replace(at, text.size(), text);
    free_from = at + text.size() + 1;
  }
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

double per_second(const rehearse::Summary& summary) {
  return 1000.0 / static_cast<double>(summary.slot.count());
}

/// In one unit for all hosts, by the busiest.
std::string rate(double per_s, double most_per_s) {
  if (most_per_s >= 10) return short_number(std::round(per_s)) + "/s";
  if (most_per_s * 60 >= 10) return short_number(std::round(per_s * 60)) + "/m";
  return short_number(std::round(per_s * 3600)) + "/h";
}

std::string rows_with_labels(const std::vector<std::string>& lines, const std::string& top,
                             const std::string& bottom, Colour colour, Paint paint) {
  std::string out;
  for (size_t row = 0; row < lines.size(); ++row) {
    out += label(row == 0 ? top : row + 1 == lines.size() ? bottom : "");
    out += painted(lines[row], colour, paint) + "\n";
  }
  return out;
}
}  // namespace

Glyphs glyphs_of_locale(const char* lc_all, const char* lc_ctype, const char* lang) {
  for (const char* one : {lc_all, lc_ctype, lang}) {
    if (one == nullptr || *one == '\0') continue;
    const std::string lower = to_lower(one);
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos
               ? Glyphs::unicode
               : Glyphs::ascii;
  }
  return Glyphs::ascii;  // POSIX: the C locale
}

std::vector<double> resampled(const std::vector<uint64_t>& slots, size_t columns, Combine combine) {
  std::vector<double> out(columns, 0);
  if (slots.empty()) return out;
  for (size_t column = 0; column < columns; ++column) {
    const size_t from = column * slots.size() / columns;
    const size_t to = std::max(from + 1, (column + 1) * slots.size() / columns);
    double sum = 0, most = 0;
    for (size_t n = from; n < to; ++n) {
      sum += static_cast<double>(slots[n]);
      most = std::max(most, static_cast<double>(slots[n]));
    }
    out[column] = combine == Combine::most ? most : sum / static_cast<double>(to - from);
  }
  return out;
}

double top_of(const std::vector<double>& values) {
  std::vector<double> some;
  for (const double value : values) {
    if (value > 0) some.push_back(value);
  }
  if (some.empty()) return 1;
  std::ranges::sort(some);
  const double usual = some[(some.size() - 1) * 95 / 100];
  return some.back() > kTowering * usual ? usual * kTowering / 2 : some.back();
}

std::vector<std::string> bars(const std::vector<double>& values, double top, size_t rows, Glyphs glyphs) {
  std::vector<std::string> out(rows);
  const auto full = static_cast<double>(rows * 8);
  for (const double value : values) {
    auto eighths = static_cast<size_t>(std::clamp(std::round(value / top * full), 0.0, full));
    if (value > 0) eighths = std::max<size_t>(eighths, 1);
    for (size_t row = 0; row < rows; ++row) {
      const size_t below = (rows - 1 - row) * 8;
      out[row] += glyph(eighths <= below ? 0 : std::min<size_t>(8, eighths - below), glyphs);
    }
  }
  return out;
}

std::string rehearsal_plot(const Rehearsal& rehearsal, size_t columns, Glyphs glyphs, Paint paint) {
  const rehearse::Summary& summary = rehearsal.summary;
  const size_t width = std::clamp<size_t>(columns, 40, 120) - kLabelColumns - 3;
  const auto queue = resampled(summary.depth, width, Combine::most);
  std::string out = rows_with_labels(
      bars(queue, static_cast<double>(std::max<uint64_t>(1, summary.deepest)), kQueueRows, glyphs),
      "queue " + short_number(static_cast<double>(summary.deepest)), "0", Colour::yellow, paint);
  std::vector<std::vector<double>> loads;
  std::vector<double> all;
  for (const auto& host : summary.hosts) {
    loads.push_back(resampled(host.load, width, Combine::mean));
    for (double& value : loads.back()) value *= per_second(summary);
    all.insert(all.end(), loads.back().begin(), loads.back().end());
  }
  const double top = top_of(all);
  const double busiest = all.empty() ? 0 : *std::ranges::max_element(all);
  for (size_t n = 0; n < std::min(loads.size(), kHostsMax); ++n) {
    auto lines = bars(loads[n], top, kHostRows, glyphs);
    mark_outages(lines, rehearsal.players[n], loads[n], summary.end, glyphs);
    const double most = *std::ranges::max_element(loads[n]);
    out += rows_with_labels(lines, rehearsal.players[n].label,
                            (most > top ? "to " : "") + rate(most, busiest), Colour::cyan, paint);
  }
  return out + label("") + axis(summary.end, width) + "\n";
}

}  // namespace waybill::cli
