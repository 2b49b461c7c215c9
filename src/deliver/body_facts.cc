#include "deliver/body_facts.h"

#include <cstring>
#include <string_view>
#include <vector>

#include "smtp/dot_stuff.h"

namespace waybill::deliver {
namespace {
constexpr size_t kLineOctetsMax = 998;  // RFC 5321 4.5.3.1.6, without CRLF

bool has_eight_bit(std::string_view text) {
  size_t at = 0;
  uint64_t seen = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    seen |= word;
  }
  for (; at < text.size(); ++at) seen |= static_cast<unsigned char>(text[at]);
  return (seen & 0x8080808080808080ULL) != 0;
}

size_t find(std::string_view text, char c, size_t from) {
  const auto* at = static_cast<const char*>(std::memchr(text.data() + from, c, text.size() - from));
  return at ? static_cast<size_t>(at - text.data()) : std::string_view::npos;
}

// Carries what a line needs across chunk borders.
class Scan {
 public:
  explicit Scan(BodyFacts& facts) : facts_(facts) {}

  void chunk(std::string_view text) {
    if (text.empty()) return;
    if (has_eight_bit(text)) facts_.eight_bit = true;
    if (std::memchr(text.data(), '\0', text.size())) facts_.binary = true;
    size_t at = 0;
    while (at < text.size()) {
      const size_t lf = find(text, '\n', at);
      const size_t end = lf == std::string_view::npos ? text.size() : lf;
      part(text.substr(at, end - at));
      if (lf == std::string_view::npos) return;
      line_end();
      at = lf + 1;
    }
  }
  void finish() {
    if (held_cr_) facts_.bare = true;
    if (line_octets_ > kLineOctetsMax) facts_.binary = true;
    facts_.binary = facts_.binary || facts_.bare;
  }

 private:
  void part(std::string_view text) {
    if (text.empty()) return;
    if (held_cr_) {
      facts_.bare = true;
      held_cr_ = false;
    }
    if (text.back() == '\r') {
      held_cr_ = true;
      text.remove_suffix(1);
    }
    if (!text.empty() && std::memchr(text.data(), '\r', text.size())) facts_.bare = true;
    line_octets_ += text.size();
    if (in_header_ && !facts_.eight_bit_header && has_eight_bit(text)) facts_.eight_bit_header = true;
  }
  void line_end() {
    if (!held_cr_) facts_.bare = true;
    held_cr_ = false;
    if (line_octets_ > kLineOctetsMax) facts_.binary = true;
    if (line_octets_ == 0) in_header_ = false;
    line_octets_ = 0;
  }

  BodyFacts& facts_;
  bool held_cr_ = false;
  bool in_header_ = true;
  size_t line_octets_ = 0;
};
}  // namespace

BodyFacts unscanned_body(const mail::Body& body) { return {.size_octets = body.size_octets()}; }

Result<BodyFacts> scan_body(const mail::Body& body) {
  BodyFacts facts = unscanned_body(body);
  Scan scan(facts);
  uint64_t octets = 0;
  for (uint32_t n = 0; n < body.chunk_count(); ++n) {
    const auto chunk = body.chunk(n);
    if (!chunk) return pass(chunk.error(), "reading the message");
    scan.chunk(chunk->view());
    octets += chunk->size();
  }
  scan.finish();
  // A spool that lies about a size would make BDAT swallow the commands after it.
  if (octets != facts.size_octets) {
    return fail(Errc::corrupt, "the message has {} octets where {} were stored", octets, facts.size_octets);
  }
  facts.literal_octets = octets;
  if (facts.bare) {
    smtp::BodyEncoder encoder(smtp::Dots::literal);
    std::vector<std::string_view> pieces;
    for (uint32_t n = 0; n < body.chunk_count(); ++n) {
      const auto chunk = body.chunk(n);
      if (!chunk) return pass(chunk.error(), "reading the message");
      encoder.encode(chunk->view(), pieces);
      pieces.clear();
    }
    encoder.finish(pieces);
    facts.literal_octets = encoder.octets();
  }
  facts.scanned = true;
  return facts;
}

}  // namespace waybill::deliver
