#include "smtp/xtext.h"

#include "base/bytes.h"

namespace waybill::smtp {
namespace {
// RFC 3461 4: xchar = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "=".
bool is_xchar(char c) { return c >= '!' && c <= '~' && c != '+' && c != '='; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;  // RFC 3461 4: upper case only
  return -1;
}
}  // namespace

Result<std::string> decode_xtext(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_xchar(text[i])) {
      out += text[i];
      continue;
    }
    if (text[i] != '+') return fail(Errc::invalid, "'{}' is not xtext", printable(text, 80));
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return fail(Errc::invalid, "'{}' is not xtext: '+' without two digits", printable(text, 80));
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string encode_xtext(std::string_view octets) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(octets.size());
  for (const char c : octets) {
    if (is_xchar(c)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += '+';
      out += kDigits[octet >> 4];
      out += kDigits[octet & 15];
    }
  }
  return out;
}

}  // namespace waybill::smtp
