// The body decoder against a plain search for CRLF.CRLF, in two cuts, in both framings. The first octet says
// where to cut.
#include <cstdlib>
#include <string>

#include "smtp/body_decoder.h"

namespace {
using namespace waybill::smtp;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_bare(const std::string& text, size_t i) {
  if (text[i] == '\r') return i + 1 >= text.size() || text[i + 1] != '\n';
  return text[i] == '\n' && (i == 0 || text[i - 1] != '\r');
}

/// Unstuffed, with each bare CR and LF as a space.
std::string expected(std::string_view raw, Framing framing, bool& bare) {
  const std::string text = "\r\n" + std::string(raw);
  std::string out;
  for (size_t i = 2; i < text.size(); ++i) {
    if (framing == Framing::dot && text[i] == '.' && text[i - 1] == '\n' && text[i - 2] == '\r') continue;
    const bool stray = is_bare(text, i);
    bare = bare || stray;
    out += stray ? ' ' : text[i];
  }
  return out;
}

struct Run {
  std::string out;
  size_t consumed = 0;
  bool ended = false, bare = false;
};

Run run(std::string_view in, Framing framing, size_t cut, size_t room) {
  BodyDecoder decoder(framing);
  Run result;
  while (!in.empty() && !result.ended) {
    std::string_view part = in.substr(0, cut);
    while (!part.empty() && !result.ended) {
      std::string piece;
      const auto progress = decoder.decode(part, piece, room);
      require(piece.size() <= room + 2 && (progress.consumed > 0 || progress.ended));
      result.out += piece;
      result.consumed += progress.consumed;
      result.ended = progress.ended;
      part.remove_prefix(progress.consumed);
      in.remove_prefix(progress.consumed);
    }
  }
  result.bare = decoder.saw_bare_newline();
  return result;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view in(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string with_start = "\r\n" + std::string(in);
  const size_t dot = with_start.find("\r\n.\r\n");
  for (const size_t cut : {in.size(), static_cast<size_t>(data[0] % 16 + 1)}) {
    const Run dotted = run(in, Framing::dot, cut, 1 + data[0] % 7);
    require(dotted.ended == (dot != std::string::npos));
    if (dotted.ended) {
      bool bare = false;
      require(dotted.consumed == dot + 3);
      require(dotted.out == expected(in.substr(0, dot), Framing::dot, bare));
      require(dotted.bare == bare);
    }
    const Run counted = run(in, Framing::counted, cut, 1 << 20);
    require(counted.consumed == in.size() && !counted.ended);
    bool bare = false;
    if (in.back() != '\r')
      require(counted.out == expected(in, Framing::counted, bare) && counted.bare == bare);
  }
  return 0;
}
