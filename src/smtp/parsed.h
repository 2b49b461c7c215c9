// parsed.h: the result of reading what a client sent: the value, or the reply that the client gets for it.
// The grammar knows best which reply an error deserves (RFC 5321 4.3.2: 500, 501, 504, 553, 555).
#pragma once

#include <expected>
#include <string_view>
#include <utility>

#include "mail/outcome.h"

namespace waybill::smtp {

template <class T>
using Parsed = std::expected<T, mail::Reply>;

/// `return refuse(501, {5, 5, 4}, "...");` from any function that returns a Parsed.
[[nodiscard]] inline std::unexpected<mail::Reply> refuse(uint16_t code, mail::EnhancedStatus enhanced,
                                                         std::string text) {
  return std::unexpected(mail::Reply{code, enhanced, std::move(text)});
}

}  // namespace waybill::smtp
