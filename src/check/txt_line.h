// txt_line.h: a TXT record as a fix shows it: a line that can be pasted into a zone file. Pure.
#pragma once

#include <string>
#include <string_view>

#include "dns/name.h"

namespace waybill::check {

/// `example.org. TXT "v=spf1 -all"`: in strings of at most 255 octets (RFC 1035 3.3), escaped as a zone file
/// wants it. Longer than `max` octets, it is cut, and ends in "…".
[[nodiscard]] std::string txt_line(const dns::Name& owner, std::string_view text, size_t max = 1000);
/// What a finding quotes of a text from outside: printable, and no longer than a screen's line or two.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace waybill::check
