// print.h: what the asking verbs (lookup, route) print with: untitled columns under a headline, one JSON
// object a line, exit codes that combine. Text goes to strings first, so that output can be tested.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"

namespace waybill::cli {

enum class Paint : uint8_t { off, on };

/// Made terminal_safe, then `text` in that colour or as it is.
[[nodiscard]] std::string painted(std::string_view text, Colour colour, Paint paint);

struct GridCell {
  std::string text;
  Colour colour = Colour::none;
};

/// Columns as wide as their widest cell, two spaces between, never cut: addresses and names are copied from
/// here.
class Grid {
 public:
  explicit Grid(size_t indent) : indent_(indent) {}
  void row(std::vector<GridCell> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string to_string(Paint paint) const;

 private:
  size_t indent_;
  std::vector<std::vector<GridCell>> rows_;
};

/// One line of the JSON contract (design.md): "v":1 before the fields, and a newline.
[[nodiscard]] std::string json_line(const boost::json::object& fields);

/// "300s" is "5m", "86400s" is "1d": TTLs for people, exact.
[[nodiscard]] std::string format_ttl(uint32_t ttl_s);

/// Of two exit codes the one that must win: bad input outranks the unknown, the unknown outranks what was
/// found out, so that a script never takes one for another.
[[nodiscard]] int worse_exit(int a, int b);

/// To stdout in one go.
void print_text(std::string_view text);
/// "waybill: TEXT" to stderr.
void complain(std::string_view text);

}  // namespace waybill::cli
