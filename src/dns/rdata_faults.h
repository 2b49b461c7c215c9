// rdata_faults.h: what ldns lets pass in a zone file and name servers refuse: digests of a wrong length,
// places beyond the poles, numbers that were cut to their field. Pure.
#pragma once

#include <span>
#include <string_view>

#include "dns/record.h"
#include "dns/zone_lexer.h"

namespace waybill::dns {

/// Rdata in wire form, read from `tokens`; without those it was given in generic form (RFC 3597 5). Errors: one sentence, in terms of the record.
[[nodiscard]] Status check_rdata(Type type, std::string_view rdata, std::span<const Token> tokens);

}  // namespace waybill::dns
