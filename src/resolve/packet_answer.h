// packet_answer.h: what libunbound handed out, as an Answer. Pure, and the one place where "absent" is
// decided: only NXDOMAIN or an empty NOERROR in a well-formed, validated packet ever becomes absent;
// everything odd is failed (docs/dns-discipline.md).
#pragma once

#include <string_view>

#include "dns/answer.h"
#include "dns/message.h"

namespace waybill::resolve {

/// RFC 1034 3.6.2 asks for a bound; conformance 17 puts it here.
inline constexpr size_t kChainLinksMax = 16;

enum class Security : uint8_t { insecure, bogus, secure };

/// `packet` as the resolver gives it: the whole chain and the records, or the SOA.
[[nodiscard]] dns::Answer answer_from_packet(const dns::Question& question, std::string_view packet,
                                             Security security, std::string_view why_bogus);

/// The same for a message at hand (the overlay has one without a packet).
[[nodiscard]] dns::Answer answer_from_message(const dns::Question& question, const dns::Message& message);

}  // namespace waybill::resolve
