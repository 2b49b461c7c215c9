// output.h: text for people on a terminal: columns, colours, and words from outside made harmless. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace waybill::cli {

/// What a peer or a header gave, fit for a terminal: control characters (C0, C1, DEL), bidirectional
/// overrides and broken UTF-8 become \xNN, so that no reply can move the cursor or hide an address. Letters
/// stay.
[[nodiscard]] std::string terminal_safe(std::string_view text);
/// The same for JSON: the text as it is, but well-formed UTF-8; each broken octet becomes U+FFFD.
[[nodiscard]] std::string repaired_utf8(std::string_view text);
/// At most `columns` columns, with "…" in place of what is cut.
[[nodiscard]] std::string shortened(std::string_view text, size_t columns);
/// Columns that `text` takes: characters, of which East Asian wide ones take two; combining marks none.
[[nodiscard]] size_t display_width(std::string_view text);
/// "4.0 KiB".
[[nodiscard]] std::string human_size(uint64_t octets);
/// "in 5m", "now", "2h ago".
[[nodiscard]] std::string relative_time(Time time, Time now);

enum class Colour { none, red, green, yellow, cyan, grey, bold };
/// `text` in this colour when `enabled`; the codes take no columns in a Table.
[[nodiscard]] std::string coloured(Colour colour, std::string_view text, bool enabled);

enum class Align { left, right };

/// Rows with aligned columns, two spaces between them, no trailing blanks. Cells are made terminal_safe here.
class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::left;
    size_t columns_max = 60;
  };
  struct Cell {
    std::string text;
    Colour colour = Colour::none;
    Cell(std::string t, Colour c = Colour::none) : text(std::move(t)), colour(c) {}
    Cell(const char* t) : text(t) {}
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row);
  [[nodiscard]] std::string to_string(bool colour) const;
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace waybill::cli
