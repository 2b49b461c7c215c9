#include "smtp/reply_writer.h"

#include <fmt/format.h>

#include <cassert>

#include "base/bytes.h"

namespace waybill::smtp {
namespace {
constexpr size_t kReplyLineOctetsMax = 512;  // RFC 5321 4.5.3.1.5, with code and CRLF

void append_text(std::string& out, std::string_view text, size_t octets_max) {
  if (text.size() > octets_max) text = text.substr(0, octets_max);
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    out += octet < 0x20 || octet == 0x7f ? ' ' : c;
  }
}
}  // namespace

void append_reply(std::string& out, const mail::Reply& reply, EnhancedCodes codes) {
  assert(reply.code >= 200 && reply.code < 600);
  const bool enhanced =
      codes == EnhancedCodes::include && reply.enhanced.present() && reply.enhanced.klass == reply.code / 100;
  std::string status = enhanced ? reply.enhanced.to_string() + ' ' : std::string();
  std::string_view left = reply.text;
  while (true) {
    const size_t newline = left.find('\n');
    const bool last = newline == std::string_view::npos;
    fmt::format_to(std::back_inserter(out), "{}{}{}", reply.code, last ? ' ' : '-', status);
    append_text(out, left.substr(0, newline), kReplyLineOctetsMax - 6 - status.size());
    out += "\r\n";
    if (last) return;
    left.remove_prefix(newline + 1);
  }
}

}  // namespace waybill::smtp
