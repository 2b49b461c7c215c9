// zone_words.cc: names and times as a zone file has them.
#include <fmt/format.h>

#include "base/bytes.h"
#include "dns/zone_rdata.h"

namespace waybill::dns {
namespace {

constexpr uint64_t unit_seconds(char c) {
  switch (c) {
    case 's':
    case 'S':
      return 1;
    case 'm':
    case 'M':
      return 60;
    case 'h':
    case 'H':
      return 3600;
    case 'd':
    case 'D':
      return 86400;
    case 'w':
    case 'W':
      return 604800;
    default:
      return 0;
  }
}

}  // namespace

Result<uint32_t> parse_ttl(std::string_view text) {
  constexpr uint64_t kMax = 0x7FFFFFFF;  // RFC 2181 8
  uint64_t total = 0;
  uint64_t number = 0;
  bool digits = false;
  bool units = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + static_cast<uint64_t>(c - '0');
      digits = true;
    } else if (const uint64_t unit = unit_seconds(c); unit != 0 && digits) {
      total += number * unit;
      number = 0;
      digits = false;
      units = true;
    } else {
      return fail(Errc::invalid, "'{}' is no time in seconds", printable(text, 40));
    }
    if (number > kMax || total > kMax)
      return fail(Errc::invalid, "{} is over 2147483647 seconds", printable(text, 40));
  }
  if (!digits && !units) return fail(Errc::invalid, "'{}' is no time in seconds", printable(text, 40));
  total += number;
  if (total > kMax) return fail(Errc::invalid, "{} is over 2147483647 seconds", printable(text, 40));
  return static_cast<uint32_t>(total);
}

Result<Name> parse_zone_name(std::string_view text, const Name& origin) {
  if (text == "@") return origin;
  auto name = Name::parse(text);
  if (!name) return name;
  // A final dot ends an absolute name, unless a backslash takes its meaning away ("\." or "\\\.").
  size_t backslashes = 0;
  if (text.ends_with('.')) {
    while (backslashes + 1 < text.size() && text[text.size() - 2 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return name;
  }
  std::string wire = name->wire();
  wire.pop_back();
  wire += origin.wire();
  auto whole = Name::from_wire(wire);
  if (!whole)
    return fail(Errc::invalid, "'{}' under {} is over 255 octets", printable(text), origin.to_string());
  return whole;
}

}  // namespace waybill::dns
