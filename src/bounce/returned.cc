#include "bounce/returned.h"

#include <algorithm>

#include "bounce/text.h"

namespace waybill::bounce {
namespace {
// What the octets of a text need to travel.
struct Traits {
  bool eight_bit = false;
  bool broken = false;  // NUL, bare CR or LF, or a line beyond 998: would need BINARYMIME
};

class Scanner {
 public:
  void feed(std::string_view octets) {
    for (const char c : octets) step(c);
  }
  [[nodiscard]] Traits finish() {
    if (cr_) traits_.broken = true;
    return traits_;
  }

 private:
  void step(char c) {
    if (c == '\n') {
      if (!cr_) traits_.broken = true;
      cr_ = false;
      line_ = 0;
      return;
    }
    if (cr_) traits_.broken = true;
    cr_ = c == '\r';
    if (cr_) return;
    if (c == '\0' || ++line_ > kHardLineMax) traits_.broken = true;
    if ((static_cast<unsigned char>(c) & 0x80) != 0) traits_.eight_bit = true;
  }

  Traits traits_;
  bool cr_ = false;
  size_t line_ = 0;
};

struct Header {
  std::string text;  // with the last field's CRLF, without the empty line
  bool whole = true;
};

// The header from the first chunks: never more than the limit is held, however long the header is.
Result<Header> read_header(const mail::Body& body) {
  Header out;
  for (uint32_t n = 0; n < body.chunk_count(); ++n) {
    auto chunk = body.chunk(n);
    if (!chunk) return pass(chunk.error());
    const size_t from = out.text.size() < 3 ? 0 : out.text.size() - 3;
    out.text += chunk->view().substr(
        0, kReturnedHeaderOctetsMax + 4 - std::min(out.text.size(), kReturnedHeaderOctetsMax + 4));
    if (out.text.starts_with("\r\n")) return Header{};
    if (const size_t end = out.text.find("\r\n\r\n", from); end != std::string::npos) {
      out.text.resize(end + 2);
      break;
    }
    if (out.text.size() >= kReturnedHeaderOctetsMax) break;
  }
  if (out.text.size() > kReturnedHeaderOctetsMax) {
    const size_t line = out.text.rfind("\r\n", kReturnedHeaderOctetsMax - 2);
    out.text.resize(line == std::string::npos ? kReturnedHeaderOctetsMax : line + 2);
    out.whole = false;
  }
  if (!out.text.empty() && !out.text.ends_with("\r\n")) out.text += "\r\n";
  return out;
}

// For In-Reply-To and References (RFC 3834 3.1.5): only what is plainly an id; anything odd is left alone.
std::string message_id_of(std::string_view header) {
  static constexpr std::string_view kName = "message-id:";
  for (size_t at = 0; at < header.size();) {
    const size_t end = std::min(header.find("\r\n", at), header.size());
    const std::string_view line = header.substr(at, end - at);
    at = end + 2;
    if (line.size() <= kName.size() || !iequals(line.substr(0, kName.size()), kName)) continue;
    const std::string_view id = trim(line.substr(kName.size()));
    const bool sound = id.size() >= 3 && id.size() <= 250 && id.front() == '<' && id.back() == '>' &&
                       std::ranges::all_of(id.substr(1, id.size() - 2), [](char c) {
                         return c > 0x20 && c < 0x7f && c != '<' && c != '>';
                       });
    return sound ? std::string(id) : std::string();
  }
  return {};
}

// The whole message, sharing its chunks; none when it is not fit to be sent as it is.
std::optional<std::vector<Chunk>> whole(const mail::Body& body, Traits& traits) {
  std::vector<Chunk> chunks;
  Scanner scanner;
  for (uint32_t n = 0; n < body.chunk_count(); ++n) {
    auto chunk = body.chunk(n);
    if (!chunk) return std::nullopt;
    scanner.feed(chunk->view());
    chunks.push_back(std::move(*chunk));
  }
  traits = scanner.finish();
  if (traits.broken) return std::nullopt;
  return chunks;
}

void return_header(Returned& out, std::string header, bool smtputf8) {
  Scanner scanner;
  scanner.feed(header);
  const Traits traits = scanner.finish();
  if (traits.eight_bit && smtputf8 && !traits.broken && is_utf8(header)) {
    out.content_type = "message/global-headers";  // RFC 6533 6.2
    out.encoding = "8bit";
    out.eight_bit = out.global = true;
  } else {
    // RFC 6522 4: what is not plain ASCII must be quoted-printable.
    out.content_type = "text/rfc822-headers";
    out.encoding = traits.eight_bit || traits.broken ? "quoted-printable" : "7bit";
    if (out.encoding != "7bit") header = quoted_printable(header);
  }
  out.chunks.clear();
  out.chunks.emplace_back(std::move(header));
}
}  // namespace

Returned returned_part(const Original& original, const Settings& settings, bool failed) {
  Returned out;
  if (!original.body) {
    out.note = "The message itself is no longer here.";
    return out;
  }
  auto header = read_header(*original.body);
  if (!header) {
    out.note = "The message itself could not be read.";
    return out;
  }
  out.message_id = message_id_of(header->text);

  const mail::Ret ret = original.envelope.ret;
  // RFC 8689 5: a report on a REQUIRETLS message returns the header only.
  const bool full_wanted = failed && ret != mail::Ret::headers && !original.envelope.requiretls;
  const uint64_t bound = ret == mail::Ret::full
                             ? std::max(settings.return_octets_asked, settings.return_octets)
                             : settings.return_octets;
  if (full_wanted && original.body->size_octets() <= bound) {
    Traits traits;
    if (auto chunks = whole(*original.body, traits)) {
      out.global = original.envelope.smtputf8 && !is_ascii(header->text);
      out.content_type = out.global ? "message/global" : "message/rfc822";  // RFC 6533 6.1
      out.eight_bit = traits.eight_bit;
      out.encoding = traits.eight_bit ? "8bit" : "7bit";
      out.chunks = std::move(*chunks);
      return out;
    }
    out.note = "Only the header of the message is returned: its text can't travel in a report.";
  } else if (full_wanted) {
    out.note = "The message is large: only its header is returned.";
  }
  if (!header->whole) out.note = "The message's header is very long: only its beginning is returned.";
  return_header(out, std::move(header->text), original.envelope.smtputf8);
  return out;
}

bool contains(const std::vector<Chunk>& chunks, std::string_view token) {
  std::string border;  // the end of what came before, joined with the beginning of the next
  for (const Chunk& chunk : chunks) {
    const std::string_view octets = chunk.view();
    if (octets.find(token) != std::string_view::npos) return true;
    border += octets.substr(0, token.size());
    if (border.find(token) != std::string::npos) return true;
    if (octets.size() >= token.size()) border = octets.substr(octets.size() - token.size());
    if (border.size() > 2 * token.size()) border.erase(0, border.size() - 2 * token.size());
  }
  return false;
}

}  // namespace waybill::bounce
