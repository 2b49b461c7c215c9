// greylist.h: mail of an unknown client, sender and recipient is deferred once; a mail server comes back,
// much spamware does not (RFC 6647). Pure: from what is known of the three, and the time, to what is known
// next.
//
// Who need not wait: clients of a network, or under a confirmed name, whose mail waited and came back
// `known_after` times; bounces (the null sender), for they answer mail of ours, and a callout of another host
// with it must not hold up that mail; postmaster and abuse (RFC 5321 4.5.1, RFC 2142). Trusted and
// authenticated clients never come this far.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ip.h"
#include "mail/address.h"
#include "policy/client_test.h"

namespace waybill::policy {

/// The client's part of the three: "192.0.2.0/24" or "2001:db8::/64": servers of one sender stand together.
[[nodiscard]] std::string greylist_network(const IpAddress& client);
/// The three as one text of 900 octets at most. Without case; what a mailing list or a bounce address changes
/// with every message (numbers, what follows a '+', BATV tags) is left out.
[[nodiscard]] std::string greylist_key(std::string_view network, const mail::ReversePath& from,
                                       const mail::Address& to);
[[nodiscard]] bool is_greylist_exempt(const mail::ReversePath& from, const mail::Address& to);

struct GreylistEntry {
  Time first{};
  bool passed = false;
  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<GreylistEntry> decode(std::string_view text);
  bool operator==(const GreylistEntry&) const = default;
};

struct GreylistStep {
  Finding finding;
  GreylistEntry entry;     ///< what to keep …
  Time expires{};          ///< … until then
  bool came_back = false;  ///< this very time it passed for the first time: it counts for `known_after`
};

/// `waits_ended_well`: the most that is known of the client's network or confirmed name.
[[nodiscard]] GreylistStep greylist(const std::optional<GreylistEntry>& known, uint64_t waits_ended_well,
                                    Time now, const GreylistTimes& times);

}  // namespace waybill::policy
