// stub_reply.h: what one server's packet means to a client that is no resolver itself: the answer, or what to
// ask next. Pure. Where "absent" is decided for such a client: a server that is not the zone's, or that knows
// only the first part of a CNAME chain, has not said that anything is missing (docs/dns-discipline.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dns/answer.h"

namespace waybill::resolve {

/// A query for `question`: recursion desired; with EDNS (RFC 6891) for answers of up to 1,232 octets over
/// UDP.
[[nodiscard]] std::string stub_query(const dns::Question& question, uint16_t id, bool edns);

struct StubReply {
  enum class What : uint8_t {
    answer,     ///< `answer` is final
    follow,     ///< an alias leads to answer.canonical, of which this server said nothing: to be asked
    truncated,  ///< ask again over TCP (RFC 7766 5)
    plain,      ///< it does not know EDNS: ask again without (RFC 6891 7)
    no_help,    ///< SERVFAIL, REFUSED, a referral, nonsense: another server may know; answer.why says what
    other,      ///< the answer to another question: as if nothing had come (RFC 5452 9.1)
  };
  What what = What::other;
  dns::Answer answer;
};

/// The id of a packet; 0 of what is too short to have one.
[[nodiscard]] uint16_t packet_id(std::string_view packet);

/// `packet`, whose id and sender have been found right, as a reply to stub_query(question, …).
[[nodiscard]] StubReply read_stub_reply(const dns::Question& question, std::string_view packet);

}  // namespace waybill::resolve
