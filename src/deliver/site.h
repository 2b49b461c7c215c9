// site.h: what the manager knows of one site, and the order in which its hosts are tried. Pure values; on
// the conductor's loop only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deliver/connection.h"
#include "deliver/job.h"
#include "deliver/pacing.h"
#include "deliver/targets.h"

namespace waybill::deliver {

/// One address that may be tried.
struct Candidate {
  Peer peer;
  std::string host;
  size_t tier = 0;
};

/// How many connections each host name of a site has now.
using HostLoad = std::map<std::string, size_t>;

/// See Peer::account.
[[nodiscard]] std::string account_of(const Targets& targets);

/// The addresses of `targets` in the order of trying: tiers in order; inside a tier the least loaded host
/// first, otherwise in the plan's order; at most `per_tier_max` addresses a tier (conformance 27), each
/// address once however many names lead to it (28). Of a crowded tier every host keeps one address before
/// any gets a second.
[[nodiscard]] std::vector<Candidate> order_candidates(const Targets& targets, const HostLoad& load,
                                                      size_t per_tier_max);

/// One connection being made: through the candidates, until one works or none is left.
struct Walk {
  enum class Purpose : uint8_t { mail, probe };
  Purpose purpose = Purpose::mail;
  std::vector<Candidate> candidates;
  size_t at = 0;
  std::string only;                   ///< this host and no other: it is its turn, or it was down
  std::vector<Peer> excluded;         ///< left out because the waiting job has met them
  std::optional<mail::Outcome> last;  ///< why the last one did not work
  size_t asked = 0;                   ///< connections tried
  size_t hostile = 0;                 ///< of them, greeted with 521 (RFC 7504)
  std::shared_ptr<Connection> connection;
  Steady began{};  ///< the connection
};

struct Site {
  Site(std::string site_key, const PacingSettings& settings)
      : key(std::move(site_key)), queue(std::make_shared<JobQueue>()), pacing(settings) {}

  std::string key;
  TargetsPtr targets;  ///< the newest
  std::shared_ptr<JobQueue> queue;
  Pacing pacing;
  std::map<uint64_t, std::shared_ptr<Connection>> connections;  ///< ready for mail, by id
  std::map<uint64_t, Walk> walks;                               ///< by the id of the connection being made
  std::set<mail::Domain> waiting;  ///< whose mail was deferred while the site was down
  bool down = false;
  bool starved = false;  ///< waits for its turn at connections_max
  Steady used{};
  uint64_t delivered = 0, deferred = 0, rejected = 0;

  [[nodiscard]] HostLoad load() const;
  [[nodiscard]] size_t connected_to(const Peer& peer) const;
  [[nodiscard]] bool walks_to(const std::string& host) const;
  /// Being connected to, without a connection that works: a second one would only wait beside the first.
  [[nodiscard]] bool unproved(const Peer& peer) const;
  /// One that was kept turned out to be gone: those that stood idle beside it are not to be trusted either.
  void retire_idle(const Peer& peer) const;
  /// The best tier that has a connection.
  [[nodiscard]] std::optional<size_t> best_tier() const;
};

}  // namespace waybill::deliver
