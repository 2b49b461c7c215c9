// lines.h: the shapes of other mail systems' files: logical lines, lists, tables and aliases. Pure; hostile
// text ends in fewer lines, never in a fault: at most kImportLinesMax of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::config::moving {

/// A logical line, and where its first physical one stands (from 1).
struct Line {
  uint32_t number = 0;
  std::string text;
  bool operator==(const Line&) const = default;
};
/// Empty lines and those that begin with '#' are left out, wherever they stand; a line that begins with white
/// space continues the one before (postconf(5), access(5)).
[[nodiscard]] std::vector<Line> logical_lines(std::string_view text);

struct Pair {
  uint32_t line = 0;
  std::string key;
  std::string value;
  bool operator==(const Pair&) const = default;
};
/// "key white-space value" a logical line (postmap(1), makemap(8)).
[[nodiscard]] std::vector<Pair> table_pairs(std::string_view text);
/// "name: value, value" a logical line; the name may be quoted (aliases(5)).
[[nodiscard]] std::vector<Pair> alias_pairs(std::string_view text);

/// Items between commas and white space; what stands in braces or double quotes stays together.
[[nodiscard]] std::vector<std::string> list_items(std::string_view text);

}  // namespace waybill::config::moving
