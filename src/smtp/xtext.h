// xtext.h: the encoding of ENVID and ORCPT values (RFC 3461 4): what is not a printable ASCII character
// other than '+' and '=' becomes '+' and two upper-case hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill::smtp {

/// Errors: a character that xtext must encode, or '+' without two upper-case hexadecimal digits. The decoded
/// octets may be anything, CR and LF included: callers check them before they keep them.
[[nodiscard]] Result<std::string> decode_xtext(std::string_view text);
[[nodiscard]] std::string encode_xtext(std::string_view octets);

}  // namespace waybill::smtp
