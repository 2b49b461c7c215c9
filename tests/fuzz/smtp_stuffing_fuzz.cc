// A body on its way out and in again: stuffed for DATA, or as it is for BDAT, cut at every octet, and read by
// the server's decoder. What comes out is what went in, with its line ends in order, and what the wire shows
// between is one message and no more. The first octet chooses the sizes of chunks.
#include <cstdlib>
#include <string>
#include <vector>

#include "smtp/body_decoder.h"
#include "smtp/dot_stuff.h"

namespace {
using namespace waybill::smtp;

constexpr size_t kEveryCutMax = 192;  // octets up to which each pair of cuts is tried

void require(bool holds) {
  if (!holds) std::abort();
}

/// RFC 5321 2.3.8, as plainly as can be: a lone LF is a line end, a lone CR a space, the last line is ended.
std::string in_order(std::string_view body) {
  std::string out;
  for (size_t i = 0; i < body.size(); ++i) {
    const bool pair = body[i] == '\r' && i + 1 < body.size() && body[i + 1] == '\n';
    if (pair) continue;
    if (body[i] == '\n') {
      out += "\r\n";
    } else {
      out += body[i] == '\r' ? ' ' : body[i];
    }
  }
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out;
}

/// RFC 5321 4.5.2 on lines that are in order.
std::string stuffed(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' && (i == 0 || text[i - 1] == '\n')) out += '.';
    out += text[i];
  }
  return out + ".\r\n";
}

/// Cut into `first` octets, then pieces of `then`.
template <class Take>
void in_pieces(std::string_view octets, size_t first, size_t then, Take take) {
  for (size_t size = first; !octets.empty(); size = then) {
    const size_t n = std::min(std::max<size_t>(size, 1), octets.size());
    take(octets.substr(0, n));
    octets.remove_prefix(n);
  }
}

std::string encode(std::string_view body, Dots dots, size_t first, size_t then) {
  BodyEncoder encoder(dots);
  std::string out;
  std::vector<std::string_view> pieces;
  const auto flush = [&] {
    for (const auto piece : pieces) out += piece;
    pieces.clear();
  };
  in_pieces(body, first, then, [&](std::string_view part) {
    encoder.encode(part, pieces);
    flush();
  });
  encoder.finish(pieces);
  flush();
  require(encoder.octets() == out.size());
  return out;
}

/// The server's side; `more` stands behind the end of data and must stay unread.
std::string decode(const std::string& wire, Framing framing, size_t first, size_t then,
                   std::string_view more) {
  BodyDecoder decoder(framing);
  std::string out;
  size_t used = 0;
  bool ended = false;
  in_pieces(wire + std::string(more), first, then, [&](std::string_view part) {
    while (!part.empty() && !ended) {
      const auto progress = decoder.decode(part, out, out.size() + 1 + then % 61);
      part.remove_prefix(progress.consumed);
      used += progress.consumed;
      ended = progress.ended;
    }
  });
  require(ended == (framing == Framing::dot) && used == wire.size());
  if (framing == Framing::counted) decoder.finish(out);
  require(!decoder.saw_bare_newline());
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 64 * 1024) return 0;
  const size_t then = 1 + data[0];
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string text = in_order(body);
  const std::string dotted = stuffed(text);
  require(encode(body, Dots::doubled, body.size(), then) == dotted);
  require(encode(body, Dots::literal, body.size(), then) == text);
  require(("\r\n" + dotted).find("\r\n.\r\n") == dotted.size() - 3);
  const size_t cuts = body.size() <= kEveryCutMax ? body.size() : 1;
  for (size_t first = 1; first <= cuts; ++first) {
    require(encode(body, Dots::doubled, first, then) == dotted);
    require(encode(body, Dots::literal, first, then) == text);
  }
  const size_t wire_cuts = dotted.size() <= 2 * kEveryCutMax ? dotted.size() : 1;
  for (size_t first = 1; first <= wire_cuts; ++first) {
    require(decode(dotted, Framing::dot, first, then, "QUIT\r\n.\r\n") == text);
    // BDAT: the same octets in any chunks, without a dot that means anything.
    require(decode(text, Framing::counted, first, then, "") == text);
  }
  return 0;
}
