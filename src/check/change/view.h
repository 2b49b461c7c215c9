// view.h: all that mail sees of a domain, in both worlds side by side: what the checks of a change, the
// difference in words and the order of steps are made from. Values that point into the facts; one round's.
// Pure.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "check/check.h"
#include "policy/sts_policy.h"
#include "policy/sts_record.h"

namespace waybill::check::change {

/// What is asked for.
struct Move {
  Subject subject;
  Time now;
  std::optional<Time> at;          ///< of the cut-over; none: as soon as it is safe
  Seconds queue_time{5 * 86'400};  ///< how long mail may wait at a sender (RFC 5321 4.5.4.1: 4 to 5 days)
  bool exact_ttls = false;  ///< ask the zone's own name servers for TTLs, for a cache tells what is left
  bool new_policy_given = false;  ///< the proposed MTA-STS policy is known, and not just today's
  std::set<std::string> allowed;  ///< ids of change.* that are meant so: they make nothing unsafe
};

/// One record set, as both worlds have it.
struct SetPair {
  dns::Name name;
  dns::Type type = dns::Type::mx;
  std::string version;  ///< of a TXT set: only records that begin so count; empty: all
  const dns::Answer* live = nullptr;
  const dns::Answer* proposed = nullptr;

  [[nodiscard]] bool unknown() const { return live->unknown() || proposed->unknown(); }
  [[nodiscard]] std::vector<dns::Record> records(const dns::Answer& answer) const;
  /// By their data; with the TTL that they have now; none when unknown.
  [[nodiscard]] std::vector<dns::Record> added() const;
  [[nodiscard]] std::vector<dns::Record> removed() const;
  /// Its data change. False when unknown.
  [[nodiscard]] bool changes() const;
  /// There are records in both, and the new file is sure to give them another TTL than they have now.
  [[nodiscard]] bool ttl_differs() const;
  /// That, for the same data.
  [[nodiscard]] bool only_ttl_changes() const;
  /// How long a cache may hold what is there now, an absence too; seconds.
  [[nodiscard]] Seconds lifetime() const { return Seconds{live->ttl_s}; }
};

struct HostPair {
  dns::Name name;
  std::optional<uint16_t> live_preference, new_preference;  ///< none: no MX host in that world
  SetPair a, aaaa, tlsa;
  std::vector<IpAddress> without_ptr;  ///< of the proposed addresses; those whose reverse look-up failed not

  [[nodiscard]] bool comes() const { return new_preference && !live_preference; }
  [[nodiscard]] bool goes() const { return live_preference && !new_preference; }
  [[nodiscard]] bool stays() const { return live_preference && new_preference; }
};

struct StsView {
  policy::StsRecord record;
  std::optional<policy::StsPolicy> policy;
  const PolicySaid* said = nullptr;  ///< none: not asked for, because there is no record or no fetching
  std::string why;                   ///< there is a record, but no policy: why
  /// Senders hold the domain's hosts to a policy that is known.
  [[nodiscard]] bool in_force() const { return policy && policy->mode != policy::StsPolicy::Mode::none; }
};

struct View {
  SetPair mx, spf, dmarc, sts, tlsrpt;
  std::vector<HostPair> hosts;     ///< of both MX sets, the proposed ones first, by preference
  std::vector<SetPair> selectors;  ///< DKIM, as given
  StsView live_sts, new_sts;
  std::deque<dns::Answer> exact;  ///< live answers with the TTLs of the zone's own servers
  const route::Plan* live_plan = nullptr;
  const route::Plan* new_plan = nullptr;

  /// Every set, for what concerns them all alike.
  [[nodiscard]] std::vector<const SetPair*> sets() const;
  /// Proposed hosts that are no MX now and that the live policy does not list, while it is in force.
  [[nodiscard]] std::vector<const HostPair*> unlisted() const;
};

/// A policy from a file in place of one fetched. Error: why it is none.
[[nodiscard]] Result<PolicySaid> given_policy(std::string text);

/// Null: something is open.
[[nodiscard]] std::optional<View> view_of(const Move& move, Look& live, Look& proposed);

}  // namespace waybill::check::change
