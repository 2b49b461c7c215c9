#include "cli/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/verbs.h"

namespace waybill::cli {

std::string painted(std::string_view text, Colour colour, Paint paint) {
  return coloured(colour, terminal_safe(text), paint == Paint::on);
}

std::string Grid::to_string(Paint paint) const {
  std::vector<size_t> widths;
  for (const auto& cells : rows_) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(terminal_safe(cells[i].text)));
    }
  }
  std::string out;
  for (const auto& cells : rows_) {
    size_t last = cells.size();
    while (last > 0 && cells[last - 1].text.empty()) --last;
    if (last > 0) out.append(indent_, ' ');
    for (size_t i = 0; i < last; ++i) {
      out += painted(cells[i].text, cells[i].colour, paint);
      if (i + 1 < last) out.append(widths[i] - display_width(terminal_safe(cells[i].text)) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string json_line(const boost::json::object& fields) {
  boost::json::object line{{"v", 1}};
  for (const auto& [key, value] : fields) line.emplace(key, value);
  return boost::json::serialize(line) + "\n";
}

std::string format_ttl(uint32_t ttl_s) {
  if (ttl_s != 0 && ttl_s % 86'400 == 0) return fmt::format("{}d", ttl_s / 86'400);
  if (ttl_s != 0 && ttl_s % 3600 == 0) return fmt::format("{}h", ttl_s / 3600);
  if (ttl_s != 0 && ttl_s % 60 == 0) return fmt::format("{}m", ttl_s / 60);
  return fmt::format("{}s", ttl_s);
}

int worse_exit(int a, int b) {
  const auto rank = [](int code) { return code == exit_usage ? 100 : code == exit_unknown ? 50 : code; };
  return rank(a) >= rank(b) ? a : b;
}

void print_text(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(std::string_view text) {
  const std::string line = fmt::format("waybill: {}\n", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace waybill::cli
