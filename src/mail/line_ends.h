// line_ends.h: makes every line end CRLF (RFC 5321 2.3.8), for mail that comes from files and pipes and not
// by SMTP. What is CRLF already stays; a bare LF or CR becomes CRLF. Pure.
#pragma once

#include <string>
#include <string_view>

namespace waybill::mail {

/// True if no CR or LF stands alone.
[[nodiscard]] bool has_clean_line_ends(std::string_view text);
/// Gives clean text back as it is, without a copy. Adds no line end at the end.
[[nodiscard]] std::string to_crlf(std::string text);

}  // namespace waybill::mail
