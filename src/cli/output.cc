#include "cli/output.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace waybill::cli {
namespace {
/// One character from the front of `text`: its code and length; a broken one is a lone octet, code
/// 0xFFFFFFFF.
struct Character {
  uint32_t code;
  size_t octets;
};
constexpr uint32_t kBroken = 0xffffffff;

Character take_character(std::string_view text) {
  for (size_t n = 1; n <= std::min<size_t>(4, text.size()); ++n) {
    if (!is_utf8(text.substr(0, n))) continue;
    static constexpr std::array<uint32_t, 5> kMask{0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = static_cast<unsigned char>(text[0]) & kMask[n];
    for (size_t i = 1; i < n; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
    return {code, n};
  }
  return {kBroken, 1};
}

bool is_harmful(uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool direction = code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
                         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
  return control || direction || code == kBroken;
}

size_t columns_of(uint32_t code) {
  if ((code >= 0x300 && code <= 0x36f) || code == 0x200b || code == 0x200d) return 0;
  const bool wide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
                    (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
                    (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
                    (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}
}  // namespace

std::string terminal_safe(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character c = take_character(text);
    if (is_harmful(c.code)) {
      for (const char octet : text.substr(0, c.octets)) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(octet));
      }
    } else {
      out += text.substr(0, c.octets);
    }
    text.remove_prefix(c.octets);
  }
  return out;
}

std::string repaired_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const Character c = take_character(text);
    out += c.code == kBroken ? std::string_view("\xef\xbf\xbd") : text.substr(0, c.octets);
    text.remove_prefix(c.octets);
  }
  return out;
}

size_t display_width(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Character c = take_character(text);
    columns += columns_of(c.code);
    text.remove_prefix(c.octets);
  }
  return columns;
}

std::string shortened(std::string_view text, size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::string out;
  size_t used = 0;
  while (!text.empty() && columns > 0) {
    const Character c = take_character(text);
    used += columns_of(c.code);
    if (used > columns - 1) break;
    out += text.substr(0, c.octets);
    text.remove_prefix(c.octets);
  }
  return columns > 0 ? out + "…" : out;
}

std::string human_size(uint64_t octets) {
  static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(octets);
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", octets) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string relative_time(Time time, Time now) {
  const Millis span = time - now;
  if (span > Millis{999}) return "in " + format_duration(span);
  if (span < Millis{-999}) return format_duration(-span) + " ago";
  return "now";
}

std::string coloured(Colour colour, std::string_view text, bool enabled) {
  static constexpr std::array<const char*, 7> kCodes{"", "31", "32", "33", "36", "90", "1"};
  if (!enabled || colour == Colour::none || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<size_t>(colour)], text);
}

void Table::add(std::vector<Cell> row) {
  row.resize(columns_.size(), Cell(""));
  for (size_t i = 0; i < row.size(); ++i)
    row[i].text = shortened(terminal_safe(row[i].text), columns_[i].columns_max);
  rows_.push_back(std::move(row));
}

std::string Table::to_string(bool colour) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    widths.push_back(width);
  }
  std::string out;
  const auto put = [&](size_t i, std::string_view text, Colour c) {
    const std::string blanks(widths[i] - std::min(widths[i], display_width(text)), ' ');
    const bool last = i + 1 == columns_.size();
    if (columns_[i].align == Align::right) out += blanks;
    out += coloured(c, text, colour);
    if (columns_[i].align == Align::left && !last) out += blanks;
    out += last ? "\n" : "  ";
  };
  for (size_t i = 0; i < columns_.size(); ++i) put(i, columns_[i].title, Colour::bold);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) put(i, row[i].text, row[i].colour);
  }
  return out;
}

}  // namespace waybill::cli
