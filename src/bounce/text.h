// text.h: makes text from outside harmless and fits it into lines. What leaves here has no control
// character, so it can neither end a header line nor begin a MIME boundary. Internal to bounce/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mail/outcome.h"

namespace waybill::bounce {

enum class Charset : uint8_t { ascii, utf8 };

inline constexpr size_t kLineMax = 78;       ///< RFC 5322 2.1.1, recommended
inline constexpr size_t kHardLineMax = 998;  ///< RFC 5322 2.1.1, required

/// Runs of white space and line ends become one space, other control characters '?'; octets beyond ASCII
/// stay only as well-formed UTF-8 for Charset::utf8, else each is '?'. At most `max` octets, then "...".
[[nodiscard]] std::string harmless(std::string_view text, Charset charset, size_t max);

/// The reply on one line, harmless; "" when there is none.
[[nodiscard]] std::string harmless_reply(const mail::Reply& reply, Charset charset);

/// Words of `text` in lines of at most 78 octets, each beginning with `indent` and ending in CRLF. A word
/// that fits no line is broken, never within a UTF-8 character.
[[nodiscard]] std::string wrapped(std::string_view text, std::string_view indent);

/// "Name: value\r\n", folded at spaces into lines of at most 78 octets where there are spaces, and always
/// within 998. `value` must be harmless().
[[nodiscard]] std::string field(std::string_view name, std::string_view value);

/// RFC 2045 6.7 for text with CRLF line ends; bare CR and LF are encoded.
[[nodiscard]] std::string quoted_printable(std::string_view text);

}  // namespace waybill::bounce
