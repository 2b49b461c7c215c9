#include "config/import/lines.h"

#include "base/bytes.h"
#include "config/import/import.h"

namespace waybill::config::moving {
namespace {
constexpr std::string_view kBlank = " \t\r\v\f";

bool is_blank(char c) { return kBlank.find(c) != std::string_view::npos; }

std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}
}  // namespace

std::vector<Line> logical_lines(std::string_view text) {
  std::vector<Line> out;
  uint32_t number = 0;
  while (!text.empty() && number < kImportLinesMax) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    const std::string_view content = stripped(line);
    if (content.empty() || content.front() == '#') continue;
    if (is_blank(line.front()) && !out.empty()) {
      out.back().text += ' ';
      out.back().text += content;
    } else {
      out.push_back({number, std::string(content)});
    }
  }
  return out;
}

std::vector<Pair> table_pairs(std::string_view text) {
  std::vector<Pair> out;
  for (const Line& line : logical_lines(text)) {
    const size_t end = line.text.find_first_of(kBlank);
    const std::string_view whole = line.text;
    out.push_back({line.number, std::string(whole.substr(0, end)),
                   end == std::string::npos ? std::string() : std::string(stripped(whole.substr(end)))});
  }
  return out;
}

std::vector<Pair> alias_pairs(std::string_view text) {
  std::vector<Pair> out;
  for (const Line& line : logical_lines(text)) {
    const std::string_view whole = line.text;
    size_t colon = 0;
    bool quoted = false;
    while (colon < whole.size() && (quoted || whole[colon] != ':')) {
      if (whole[colon] == '"') quoted = !quoted;
      ++colon;
    }
    std::string_view name = stripped(whole.substr(0, colon));
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    out.push_back({line.number, std::string(name),
                   colon < whole.size() ? std::string(stripped(whole.substr(colon + 1))) : std::string()});
  }
  return out;
}

std::vector<std::string> list_items(std::string_view text) {
  std::vector<std::string> out;
  std::string item;
  size_t depth = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == '{' && !quoted) ++depth;
    if (c == '}' && !quoted && depth > 0) --depth;
    const bool separates = !quoted && depth == 0 && (c == ',' || c == '\n' || is_blank(c));
    if (!separates) {
      item += c;
    } else if (!item.empty()) {
      out.push_back(std::exchange(item, {}));
    }
  }
  if (!item.empty()) out.push_back(std::move(item));
  return out;
}

}  // namespace waybill::config::moving
