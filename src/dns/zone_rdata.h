// zone_rdata.h: a record's data from the tokens of a zone file. The types that mail needs are read here, so
// that an error names the very token; the others are read by ldns. Pure.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "dns/record.h"
#include "dns/zone_lexer.h"

namespace waybill::dns {

/// What is wrong, and at which token (its index in the span; one past the end: something is missing).
struct TokenError {
  size_t token = 0;
  std::string what;
};

/// Reads `tokens`, all of them. Relative names end in `origin`. RFC 3597's `\# 3 000100` works for every
/// type.
[[nodiscard]] std::expected<Data, TokenError> parse_rdata(Type type, std::span<const Token> tokens,
                                                          const Name& origin);

/// A name as a zone file has it: "@" is the origin, without a final dot it is relative.
[[nodiscard]] Result<Name> parse_zone_name(std::string_view text, const Name& origin);
/// A TTL: "3600", "1h30m", "1w" (units as in BIND); at most 2^31-1 (RFC 2181 8).
[[nodiscard]] Result<uint32_t> parse_ttl(std::string_view text);

}  // namespace waybill::dns
