#include "mail/line_ends.h"

namespace waybill::mail {

bool has_clean_line_ends(std::string_view text) {
  for (size_t at = text.find_first_of("\r\n"); at != std::string_view::npos;
       at = text.find_first_of("\r\n", at)) {
    if (text[at] != '\r' || at + 1 == text.size() || text[at + 1] != '\n') return false;
    at += 2;
  }
  return true;
}

std::string to_crlf(std::string text) {
  if (has_clean_line_ends(text)) return text;
  std::string out;
  out.reserve(text.size() + text.size() / 32 + 2);
  size_t from = 0;
  while (true) {
    const size_t at = text.find_first_of("\r\n", from);
    out.append(text, from, at == std::string::npos ? std::string::npos : at - from);
    if (at == std::string::npos) return out;
    out += "\r\n";
    const bool pair = text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
    from = at + (pair ? 2 : 1);
  }
}

}  // namespace waybill::mail
