#include "smtp/body_decoder.h"

#include <algorithm>
#include <cstring>

namespace waybill::smtp {
namespace {
/// The offset of `c` in text, or text.size().
size_t find_octet(std::string_view text, char c) {
  const void* at = text.empty() ? nullptr : std::memchr(text.data(), c, text.size());
  return at == nullptr ? text.size() : static_cast<size_t>(static_cast<const char*>(at) - text.data());
}
}  // namespace

BodyDecoder::Progress BodyDecoder::decode(std::string_view in, std::string& out, size_t out_octets_max) {
  size_t done = 0;
  while (done < in.size() && !ended_ && out.size() < out_octets_max) {
    if (at_ == At::text || (at_ == At::line_start && (framing_ == Framing::counted || in[done] != '.'))) {
      // A run yields as many octets as it takes, so the room left bounds it.
      done += take_run(in.substr(done, out_octets_max - out.size()), out);
    } else {
      step(in[done++], out);
    }
  }
  saw_nul_ = saw_nul_ || find_octet(in.substr(0, done), '\0') != done;
  return {done, ended_};
}

/// Whole lines as long as nothing is special about them, then the text before whatever is. Always takes at
/// least one octet; leaves `at_` as that octet's state.
size_t BodyDecoder::take_run(std::string_view in, std::string& out) {
  size_t pos = 0;
  while (pos < in.size()) {
    if (at_ == At::line_start && framing_ == Framing::dot && in[pos] == '.') break;
    const std::string_view line = in.substr(pos);
    const size_t newline = find_octet(line, '\n');
    const size_t cr = find_octet(line.substr(0, newline), '\r');
    if (newline < line.size() && cr + 1 == newline) {
      pos += newline + 1;
      line_octets_ += newline + 1;
      end_line();
      at_ = At::line_start;
      continue;
    }
    // A bare LF, a CR that its LF has not followed yet, or a line that is not complete.
    const size_t text = std::min(cr, newline);
    pos += text;
    line_octets_ += text;
    line_octets_longest_ = std::max(line_octets_longest_, line_octets_);
    if (text > 0) at_ = At::text;
    if (text == line.size()) break;
    out.append(in.substr(0, pos));
    step(in[pos], out);
    return pos + 1;
  }
  out.append(in.substr(0, pos));
  return pos;
}

void BodyDecoder::end_line() {
  line_octets_longest_ = std::max(line_octets_longest_, line_octets_);
  line_octets_ = 0;
}

void BodyDecoder::bare_newline(std::string& out) {
  saw_bare_newline_ = true;
  out += ' ';
  ++line_octets_;
}

void BodyDecoder::step(char c, std::string& out) {
  switch (at_) {
    case At::dot_cr:
      if (c == '\n') {
        ended_ = true;  // RFC 5321 4.1.1.4: CRLF "." CRLF
        at_ = At::line_start;
        return;
      }
      bare_newline(out);
      break;
    case At::cr:
      if (c == '\n') {
        out += "\r\n";
        line_octets_ += 2;
        end_line();
        at_ = At::line_start;
        return;
      }
      bare_newline(out);
      break;
    case At::line_start:
      if (c == '.' && framing_ == Framing::dot) {
        at_ = At::dot;
        return;
      }
      break;
    case At::dot:
      if (c == '\r') {
        at_ = At::dot_cr;
        return;
      }
      break;  // RFC 5321 4.5.2: the dot was stuffing and is dropped, whatever follows
    case At::text:
      break;
  }
  at_ = At::text;
  if (c == '\r') {
    at_ = At::cr;
  } else if (c == '\n') {
    bare_newline(out);
  } else {
    out += c;
    ++line_octets_;
    line_octets_longest_ = std::max(line_octets_longest_, line_octets_);
  }
}

void BodyDecoder::finish(std::string& out) {
  if (at_ == At::cr) bare_newline(out);
  if (at_ == At::line_start) return;
  out += "\r\n";
  line_octets_ += 2;
  end_line();
  at_ = At::line_start;
}

}  // namespace waybill::smtp
