// body_decoder.h: from the octets of DATA or of BDAT chunks to the message's own octets.
//
// Framing::dot undoes dot-stuffing (RFC 5321 4.5.2) and finds the end of data, which is CRLF "." CRLF and
// nothing else (4.1.1.4, 2.3.8): no bare CR or LF, with or without a dot, NUL or another one beside it, ever
// ends the data or a line. That is what makes SMTP smuggling impossible here. Framing::counted passes dots
// through and never ends (RFC 3030 2; who counts the octets is the caller).
//
// In either framing a bare CR or LF comes out as a space and is reported, so that what is stored holds no
// line end that two programs could read differently; whether such a message is taken is the caller's policy.
// Pure; keeps no octets but a held-back CR. Scans by memchr and appends whole runs of lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace waybill::smtp {

enum class Framing : uint8_t { dot, counted };

class BodyDecoder {
 public:
  BodyDecoder() = default;
  explicit BodyDecoder(Framing framing) : framing_(framing) {}

  struct Progress {
    size_t consumed = 0;  ///< octets of the input that are done with
    bool ended = false;   ///< the end of data was seen; nothing after it was consumed
  };
  /// Appends to `out` until the input is used up, the data ends, or `out` holds `out_octets_max` octets,
  /// which it may pass by two (a held-back CR and its LF).
  [[nodiscard]] Progress decode(std::string_view in, std::string& out, size_t out_octets_max);
  /// Framing::counted, after the last chunk: completes the last line, so that what is stored ends in CRLF
  /// (or is empty).
  void finish(std::string& out);

  [[nodiscard]] bool saw_bare_newline() const { return saw_bare_newline_; }
  [[nodiscard]] bool saw_nul() const { return saw_nul_; }
  /// The longest line so far, in octets with its CRLF.
  [[nodiscard]] size_t line_octets_longest() const { return line_octets_longest_; }

 private:
  enum class At : uint8_t {
    line_start,  ///< after CRLF, or at the very start
    text,        ///< within a line
    cr,          ///< after a CR that is held back
    dot,         ///< after a dot at the start of a line, held back
    dot_cr,      ///< after a dot at the start of a line and a CR, both held back
  };
  void step(char c, std::string& out);
  [[nodiscard]] size_t take_run(std::string_view in, std::string& out);
  void end_line();
  void bare_newline(std::string& out);

  Framing framing_ = Framing::dot;
  At at_ = At::line_start;
  bool ended_ = false;
  bool saw_bare_newline_ = false;
  bool saw_nul_ = false;
  size_t line_octets_ = 0;
  size_t line_octets_longest_ = 0;
};

}  // namespace waybill::smtp
