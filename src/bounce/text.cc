#include "bounce/text.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace waybill::bounce {
namespace {
bool is_space(unsigned char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The length of a UTF-8 character by its first octet; 1 for what is none.
size_t utf8_length(unsigned char first) {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  if (first >= 0xc0) return 2;
  return 1;
}

// C1 controls and the bidirectional overrides, which could dress one address up as another.
bool is_deceptive(std::string_view utf8) {
  if (utf8.size() == 2 && utf8[0] == '\xc2' && static_cast<unsigned char>(utf8[1]) < 0xa0) return true;
  if (utf8.size() != 3 || utf8[0] != '\xe2') return false;
  const auto second = static_cast<unsigned char>(utf8[1]);
  const auto third = static_cast<unsigned char>(utf8[2]);
  return (second == 0x80 && (third >= 0x8b && third <= 0x8f)) ||
         (second == 0x80 && third >= 0xa8 && third <= 0xae) ||
         (second == 0x81 && third >= 0xa0 && third <= 0xaf);
}

// The most of `word` that fits into `room` octets, at a character's end.
size_t cut(std::string_view word, size_t room) {
  if (word.size() <= room) return word.size();
  size_t at = room;
  while (at > 0 && (static_cast<unsigned char>(word[at]) & 0xc0) == 0x80) --at;
  return at == 0 ? room : at;
}
}  // namespace

std::string harmless(std::string_view text, Charset charset, size_t max) {
  std::string out;
  bool space = false;
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (is_space(c)) {
      space = !out.empty();
      ++at;
      continue;
    }
    std::string_view piece = text.substr(at, utf8_length(c));
    const bool kept =
        c < 0x80 ? c >= 0x20 && c != 0x7f
                 : charset == Charset::utf8 && is_utf8(piece) && piece.size() > 1 && !is_deceptive(piece);
    // A broken or refused character is replaced as far as it goes wrong: its first octet.
    at += kept ? piece.size() : 1;
    if (!kept) piece = "?";
    if (out.size() + piece.size() + (space ? 1 : 0) > max) return out + "...";
    if (space) out += ' ';
    space = false;
    out += piece;
  }
  return out;
}

std::string harmless_reply(const mail::Reply& reply, Charset charset) {
  constexpr size_t kReplyOctetsMax = 2000;
  if (reply.code == 0) return harmless(reply.text, charset, kReplyOctetsMax);
  return harmless(reply.to_string(), charset, kReplyOctetsMax);
}

std::string wrapped(std::string_view text, std::string_view indent) {
  std::string out;
  std::string line(indent);
  bool empty = true;
  const size_t room = kLineMax - indent.size();
  const auto flush = [&] {
    out += line + "\r\n";
    line = indent;
    empty = true;
  };
  for (std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    if (!empty && line.size() + 1 + word.size() > kLineMax) flush();
    while (word.size() > room) {
      const size_t take = cut(word, room);
      line += word.substr(0, take);
      flush();
      word.remove_prefix(take);
    }
    if (word.empty()) continue;
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  if (!empty) flush();
  return out;
}

std::string field(std::string_view name, std::string_view value) {
  std::string out = fmt::format("{}:", name);
  size_t line = out.size();
  for (std::string_view word : split(value, ' ')) {
    if (word.empty()) continue;
    // A fold before the first word would leave a line of nothing but the name: only where it must be.
    if (line + 1 + word.size() > kLineMax && line > name.size() + 1) {
      out += "\r\n";
      line = 0;
    }
    while (word.size() > kHardLineMax - 1 - line) {
      const size_t take = cut(word, kHardLineMax - 1 - line);
      out += fmt::format(" {}\r\n", word.substr(0, take));
      word.remove_prefix(take);
      line = 0;
    }
    if (word.empty()) continue;
    out += fmt::format(" {}", word);
    line += 1 + word.size();
  }
  return out + "\r\n";
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  size_t line = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '\r' && at + 1 < text.size() && text[at + 1] == '\n') {
      out += "\r\n";
      line = 0;
      ++at;
      continue;
    }
    const bool last = at + 1 == text.size() || text[at + 1] == '\r' || text[at + 1] == '\n';
    // Space at a line's end would be lost; "." alone and "From " are safe by dot-stuffing and no mbox.
    const bool plain = (c > 0x20 && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !last);
    const size_t width = plain ? 1 : 3;
    if (line + width > 75) {
      out += "=\r\n";
      line = 0;
    }
    if (plain) {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("={:02X}", c);
    }
    line += width;
  }
  return out;
}

}  // namespace waybill::bounce
