#include "dns/zone_generate.h"

#include <fmt/format.h>

#include <charconv>

#include "base/bytes.h"

namespace waybill::dns {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// What stands between the braces.
Result<std::string> format_number(std::string_view braces, uint32_t value) {
  const auto parts = split(braces, ',');
  int64_t offset = 0;
  uint32_t width = 0;
  char base = 'd';
  const bool good = parts.size() <= 3 && read_number(parts[0], offset) && offset >= -2147483648LL &&
                    offset <= 2147483647LL &&
                    (parts.size() < 2 || (read_number(parts[1], width) && width <= 64)) &&
                    (parts.size() < 3 || parts[2].size() == 1);
  if (!good) return fail(Errc::invalid, "'${{{}}}' is not ${{offset,width,base}}", printable(braces, 40));
  if (parts.size() == 3) base = parts[2][0];
  const int64_t number = int64_t{value} + offset;
  if (number < 0) return fail(Errc::invalid, "'${{{}}}' gives a negative number", printable(braces, 40));
  switch (base) {
    case 'd':
      return fmt::format("{:0{}d}", number, width);
    case 'o':
      return fmt::format("{:0{}o}", number, width);
    case 'x':
      return fmt::format("{:0{}x}", number, width);
    case 'X':
      return fmt::format("{:0{}X}", number, width);
    default:
      return fail(Errc::unsupported, "the base '{}' of $GENERATE is not one of d, o, x, X",
                  printable({&base, 1}));
  }
}

}  // namespace

Result<GenerateRange> parse_generate_range(std::string_view text, size_t steps_max) {
  GenerateRange range;
  const size_t slash = text.find('/');
  const auto bounds = text.substr(0, slash);
  const size_t dash = bounds.find('-');
  const bool good = dash != std::string_view::npos && read_number(bounds.substr(0, dash), range.first) &&
                    read_number(bounds.substr(dash + 1), range.last) &&
                    (slash == std::string_view::npos || read_number(text.substr(slash + 1), range.step));
  if (!good || range.step == 0 || range.first > range.last) {
    return fail(Errc::invalid, "'{}' is no range like 1-254 or 0-100/10", printable(text, 40));
  }
  if ((range.last - range.first) / range.step >= steps_max) {
    return fail(Errc::invalid, "the range {} has over {} steps", printable(text, 40), steps_max);
  }
  return range;
}

Result<std::string> expand_generate(std::string_view text, uint32_t value) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      if (text[at + 1] != '$') out += '\\';
      out += text[++at];
    } else if (text[at] != '$') {
      out += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '$') {
      out += text[++at];
    } else if (at + 1 < text.size() && text[at + 1] == '{') {
      const size_t close = text.find('}', at);
      if (close == std::string_view::npos) return fail(Errc::invalid, "'${{' without '}}'");
      auto number = format_number(text.substr(at + 2, close - at - 2), value);
      if (!number) return number;
      out += *number;
      at = close;
    } else {
      out += fmt::format("{}", value);
    }
  }
  return out;
}

}  // namespace waybill::dns
