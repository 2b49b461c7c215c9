// client_record.h: what is remembered of one client between its connections, as a value and as the text that
// is kept of it. Pure. Text from an older or newer program that can't be read is nothing known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "dns/reverse.h"
#include "policy/client_test.h"

namespace waybill::policy {

/// Who counts as one client: an IPv4 address, or an IPv6 /64, which is what one customer gets.
[[nodiscard]] std::string client_key(const IpAddress& ip);

/// A place of ours where clients come in: the MX host name that a listener was given, else its address.
using Place = std::string;

struct Visit {
  Place place;
  Time when{};  ///< the last time
  bool operator==(const Visit&) const = default;
};

struct ClientRecord {
  static constexpr size_t kVisitsMax = 8;
  Time first{}, last{};
  uint64_t connections = 0;
  bool early = false;     ///< talked early when it last had the chance
  bool wrong_mx = false;  ///< left out a better MX when it last came to a worse one
  dns::PtrStatus ptr = dns::PtrStatus::not_asked;
  std::vector<Visit> visits;  ///< latest last

  void visited(const Place& place, Time now);
  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<ClientRecord> decode(std::string_view text);
  bool operator==(const ClientRecord&) const = default;
};

/// How one client behaved with one domain's mail: what `waybill clients` counts.
struct ClientTally {
  Time first{}, last{};
  uint64_t messages = 0;
  PerTest<uint64_t> failed;       ///< messages in which the test failed
  PerTest<uint64_t> turned_away;  ///< messages that were deferred or refused for it
  PerTest<Time> failed_last;
  PerTest<std::string> why;             ///< of the last failure
  std::string name, helo, from, place;  ///< at the last failure, else when it was last here

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<ClientTally> decode(std::string_view text);
  bool operator==(const ClientTally&) const = default;
};

}  // namespace waybill::policy
