// command.h: an SMTP command line, split into verb and argument, and the arguments of those verbs whose
// grammar is small (RFC 5321 4.1.1, RFC 3030 2). MAIL and RCPT: parameters.h.
// Pure; views point into the line. A line here has lost its CRLF already.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "smtp/parsed.h"

namespace waybill::smtp {

enum class Verb : uint8_t {
  ehlo,
  helo,
  lhlo,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  quit,
  vrfy,
  expn,
  help,
  starttls,
  auth,
  etrn,
  unknown,
};
[[nodiscard]] std::string_view to_string(Verb verb);

struct Command {
  Verb verb = Verb::unknown;
  std::string_view name;      ///< as the client wrote it
  std::string_view argument;  ///< without the space before and white space after it
};

/// Never fails: what is no command has the verb `unknown`.
[[nodiscard]] Command parse_command(std::string_view line);

/// True if the line holds a control character other than TAB: NUL, a bare CR, a bare LF, escape sequences.
[[nodiscard]] bool has_control(std::string_view line);

/// The argument of HELO, EHLO and LHLO. RFC 5321 4.1.1.1 wants a domain or a literal; real clients send
/// host names with underscores and worse, and 4.1.4 forbids to refuse mail for that. What is refused: none
/// at all, more than 255 octets, white space, octets that are not printable ASCII (501 5.5.4).
[[nodiscard]] Parsed<std::string_view> parse_helo(std::string_view argument);

enum class Last : bool { no, yes };
struct Bdat {
  uint64_t size_octets = 0;
  Last last = Last::no;
};
/// "1000" or "1000 LAST" (RFC 3030 2). Errors: 501 5.5.4. Sizes over 2^63 are refused as malformed: such a
/// chunk could not be skipped either.
[[nodiscard]] Parsed<Bdat> parse_bdat(std::string_view argument);

/// Reads an unsigned decimal of 1 to 20 digits; none when it is not one or exceeds 2^63-1.
[[nodiscard]] Result<uint64_t> parse_decimal(std::string_view text);

}  // namespace waybill::smtp
