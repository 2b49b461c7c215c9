#include "smtp/reply_parser.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace waybill::smtp {
namespace {
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// At most three digits (RFC 3463 2); returns how many were read, 0 for none or too many.
size_t read_number(std::string_view text, uint16_t& number) {
  size_t n = 0;
  uint16_t value = 0;
  while (n < text.size() && is_digit(text[n])) {
    if (n == 3) return 0;
    value = static_cast<uint16_t>(value * 10 + (text[n] - '0'));
    ++n;
  }
  number = value;
  return n;
}

// Logs, DSNs and terminals show this text: what could act on them becomes '?'.
void append_clean(std::string& out, std::string_view text) {
  const bool utf8 = is_utf8(text);
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '\t') {
      out += ' ';
    } else if (octet < 0x20 || octet == 0x7f || (octet >= 0x80 && !utf8)) {
      out += '?';
    } else {
      out += c;
    }
  }
}
}  // namespace

mail::EnhancedStatus take_enhanced_status(uint16_t code, std::string_view& text) {
  const auto first_digit = static_cast<uint16_t>(code / 100);
  if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return {};
  // RFC 2034 3: no enhanced status goes with 1yz and 3yz.
  if (first_digit != 2 && first_digit != 4 && first_digit != 5) return {};
  mail::EnhancedStatus status;
  status.klass = first_digit;
  size_t at = 2;
  const size_t subject = read_number(text.substr(at), status.subject);
  if (subject == 0) return {};
  at += subject;
  if (at >= text.size() || text[at] != '.') return {};
  ++at;
  const size_t detail = read_number(text.substr(at), status.detail);
  if (detail == 0) return {};
  at += detail;
  if (at < text.size() && text[at] != ' ' && text[at] != '\t') return {};
  text.remove_prefix(at < text.size() ? at + 1 : at);
  return status;
}

ReplyParser::State ReplyParser::broken(std::string why) {
  failed_ = true;
  error_ = std::move(why);
  return State::broken;
}

// One line without its end. False: error_ says why.
bool ReplyParser::take_line(std::string_view line) {
  if (++lines_ > kLinesMax) {
    error_ = fmt::format("a reply of more than {} lines", kLinesMax);
    return false;
  }
  // RFC 5321 4.2: three digits, the first 2–5, the second 0–5; the second is not checked: the first decides
  // (4.3.2, conformance 50).
  const bool has_code =
      line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]);
  if (!has_code || (line.size() > 3 && line[3] != ' ' && line[3] != '-')) {
    error_ = fmt::format("'{}' is not an SMTP reply", printable(line, 80));
    return false;
  }
  const auto code = static_cast<uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
  if (!in_reply_) {
    in_reply_ = true;
    reply_.code = code;
    reply_.enhanced = {};
    reply_.text.clear();
  } else if (code != reply_.code) {
    // 4.2.1: all lines of a reply bear the same code; which one a server means is unknown.
    error_ = fmt::format("one reply with the codes {} and {}", reply_.code, code);
    return false;
  }
  last_ = line.size() == 3 || line[3] == ' ';
  std::string_view text = line.size() > 4 ? line.substr(4) : std::string_view();
  const auto enhanced = take_enhanced_status(code, text);
  if (!reply_.enhanced.present()) reply_.enhanced = enhanced;
  const size_t room = kTextOctetsMax - std::min(kTextOctetsMax, reply_.text.size());
  if (lines_ > 1 && room > 0) reply_.text += '\n';
  if (room > 1) {
    text = text.substr(0, room - 1);
    // A cut must not leave half a character.
    while (!text.empty() && text.size() == room - 1 && !is_utf8(text) && (text.back() & 0x80) != 0) {
      text.remove_suffix(1);
    }
    append_clean(reply_.text, text);
  }
  return true;
}

ReplyParser::State ReplyParser::end_of_line(std::string_view line) {
  // Some servers end lines with a lone LF; for replies that is harmless, so it is taken.
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (!take_line(line)) {
    failed_ = true;
    return State::broken;
  }
  if (!last_) return State::more;
  in_reply_ = false;
  lines_ = 0;
  octets_ = 0;
  return State::reply;
}

ReplyParser::Fed ReplyParser::feed(std::string_view octets) {
  if (failed_) return {State::broken, 0};
  size_t at = 0;
  while (at < octets.size()) {
    const std::string_view rest = octets.substr(at);
    const auto* lf = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
    const size_t length = lf ? static_cast<size_t>(lf - rest.data()) : rest.size();
    octets_ += length + (lf ? 1 : 0);
    if (line_.size() + length > kLineOctetsMax) {
      return {broken(fmt::format("a reply line of more than {} octets", kLineOctetsMax)), at};
    }
    if (octets_ > kReplyOctetsMax) {
      return {broken(fmt::format("a reply of more than {} octets", kReplyOctetsMax)), at};
    }
    if (!lf) {
      line_.append(rest);
      return {State::more, octets.size()};
    }
    at += length + 1;
    State state;
    if (line_.empty()) {
      state = end_of_line(rest.substr(0, length));
    } else {
      line_.append(rest.substr(0, length));
      state = end_of_line(line_);
      line_.clear();
    }
    if (state != State::more) return {state, at};
  }
  return {State::more, octets.size()};
}

}  // namespace waybill::smtp
