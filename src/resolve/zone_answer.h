// zone_answer.h: answers a question from zones in memory, following CNAMEs from zone to zone: what the
// authoritative server says and what the overlay takes for the network. Pure.
#pragma once

#include "dns/message.h"
#include "dns/zone.h"

namespace waybill::resolve {

struct ZoneAnswer {
  enum class End : uint8_t {
    complete,    ///< records, NODATA or NXDOMAIN: `message` says all
    outside,     ///< `at` is in none of the zones: asked there, or the end of a CNAME chain that leaves them
    delegation,  ///< `at` belongs to a child zone that is not here; `message` holds the referral
    loop,        ///< a CNAME loop, or a chain of over 16 links
  };
  End end = End::outside;
  dns::Message message;  ///< answers, authority, additional and rcode; the header is for the caller
  dns::Name at;
};

[[nodiscard]] ZoneAnswer answer_from_zones(const dns::ZoneSet& zones, const dns::Name& name, dns::Type type);

}  // namespace waybill::resolve
