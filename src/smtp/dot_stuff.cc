#include "smtp/dot_stuff.h"

#include <cstring>

namespace waybill::smtp {
namespace {
constexpr std::string_view kCrLf = "\r\n";
constexpr std::string_view kSpace = " ";
constexpr std::string_view kDot = ".";
constexpr std::string_view kEnd = ".\r\n";

size_t find(std::string_view text, char c, size_t from) {
  const auto* at = static_cast<const char*>(std::memchr(text.data() + from, c, text.size() - from));
  return at ? static_cast<size_t>(at - text.data()) : std::string_view::npos;
}
}  // namespace

// Neighbours in the body stay one piece: clean text of any length costs a single entry.
void BodyEncoder::put(std::string_view piece, std::vector<std::string_view>& pieces) {
  if (piece.empty()) return;
  octets_ += piece.size();
  if (!pieces.empty() && pieces.back().data() + pieces.back().size() == piece.data()) {
    pieces.back() = {pieces.back().data(), pieces.back().size() + piece.size()};
  } else {
    pieces.push_back(piece);
  }
}

void BodyEncoder::encode(std::string_view octets, std::vector<std::string_view>& pieces) {
  if (octets.empty()) return;
  size_t at = 0;
  if (held_cr_) {
    held_cr_ = false;
    if (octets.front() == '\n') {
      put(kCrLf, pieces);
      at_line_start_ = true;
      at = 1;
    } else {
      put(kSpace, pieces);
      at_line_start_ = false;
    }
  }
  // Invariant: everything before `at` is out, and at_line_start_ speaks of `at`.
  while (at < octets.size()) {
    const size_t lf = find(octets, '\n', at);
    if (lf == std::string_view::npos) {
      std::string_view rest = octets.substr(at);
      if (rest.back() == '\r') {
        held_cr_ = true;
        rest.remove_suffix(1);
      }
      encode_line(rest, pieces);
      return;
    }
    const bool has_cr = lf > at && octets[lf - 1] == '\r';
    encode_line(octets.substr(at, lf - at - (has_cr ? 1 : 0)), pieces);
    put(has_cr ? octets.substr(lf - 1, 2) : kCrLf, pieces);
    at_line_start_ = true;
    at = lf + 1;
  }
}

// Part of a line without its end; any CR in here is bare.
void BodyEncoder::encode_line(std::string_view line, std::vector<std::string_view>& pieces) {
  if (line.empty()) return;
  if (at_line_start_ && line.front() == '.' && dots_ == Dots::doubled) put(kDot, pieces);
  at_line_start_ = false;
  while (true) {
    const size_t cr = find(line, '\r', 0);
    if (cr == std::string_view::npos) return put(line, pieces);
    put(line.substr(0, cr), pieces);
    put(kSpace, pieces);
    line.remove_prefix(cr + 1);
    if (line.empty()) return;
  }
}

void BodyEncoder::finish(std::vector<std::string_view>& pieces) {
  if (held_cr_) {
    put(kSpace, pieces);
    at_line_start_ = false;
  }
  // RFC 5321 4.1.1.4: the dot stands on a line of its own, so an unfinished line is ended first.
  if (!at_line_start_) put(kCrLf, pieces);
  if (dots_ == Dots::doubled) put(kEnd, pieces);
  held_cr_ = false;
  at_line_start_ = true;
}

}  // namespace waybill::smtp
