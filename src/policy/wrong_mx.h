// wrong_mx.h: who comes to a worse MX of a domain without having tried a better one that was up
// (RFC 5321 5.1: the lowest preference first). Spammers look for the backup, which they hope is guarded less.
// Pure: it is told what the DNS says, which places are ours and since when, and where the client was seen.
//
// Who is not blamed: a client that came to any better place within `memory`; one for whom every better MX is
// another host's, of which we know nothing; and all clients for `grace` after a better place of ours came up
// or turned clients away, for theirs may be the news of yesterday.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/decide.h"
#include "dns/answer.h"
#include "policy/client_record.h"
#include "policy/client_test.h"

namespace waybill::policy {

struct MxHost {
  uint16_t preference = 0;
  std::string name;                ///< lower case, no final dot
  std::vector<Place> places = {};  ///< its name and its addresses
  bool operator==(const MxHost&) const = default;
};

/// The MX hosts of a domain as the DNS tells them.
struct MxHosts {
  enum class Status : uint8_t { known, unknown };
  Status status = Status::unknown;
  std::vector<MxHost> hosts = {};  ///< best first
  bool operator==(const MxHosts&) const = default;
};

/// What is not known yet is put into `open`, and the result then means nothing. A domain without MX records
/// is its own one host (RFC 5321 5.1). A host whose addresses the DNS could not tell has none here: it is
/// then another's.
[[nodiscard]] MxHosts read_mx_hosts(const dns::Name& domain, const dns::Facts& facts,
                                    Questions<dns::Question>& open);

/// A place where clients come in.
struct Door {
  Place place;
  Time up_since{};
  std::optional<Time> refused_last = {};  ///< when it last turned a client away for want of room
};

struct Arrival {
  std::vector<Place> at = {};     ///< where the client is now: the listener's MX name, or the address
  std::span<const Visit> visits;  ///< where it was before, under whatever address and name it is known by
  std::span<const Door> doors;
  Time now{};
};

[[nodiscard]] Finding judge_wrong_mx(const MxHosts& mx, const Arrival& arrival, const ClientPolicy& policy);

}  // namespace waybill::policy
