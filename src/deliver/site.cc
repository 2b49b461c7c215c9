#include "deliver/site.h"

#include <algorithm>

namespace waybill::deliver {
namespace {
/// More than any site has connections.
constexpr size_t kIdleWeight = 1'000'000;

std::vector<const Target*> by_load(const Tier& tier, const HostLoad& load) {
  std::vector<const Target*> hosts;
  for (const Target& target : tier) hosts.push_back(&target);
  const auto connections = [&load](const Target* target) {
    const auto at = load.find(target->host);
    return at == load.end() ? size_t{0} : at->second;
  };
  std::ranges::stable_sort(hosts, {}, connections);
  return hosts;
}

// How many addresses each host may use: round after round, one each, until the tier's share is spent.
std::vector<size_t> shares(const std::vector<const Target*>& hosts, size_t max) {
  std::vector<size_t> out(hosts.size(), 0);
  for (bool more = true; more && max > 0;) {
    more = false;
    for (size_t n = 0; n < hosts.size() && max > 0; ++n) {
      if (out[n] == hosts[n]->addresses.size()) continue;
      ++out[n];
      --max;
      more = true;
    }
  }
  return out;
}
}  // namespace

std::string account_of(const Targets& targets) {
  if (!targets.credentials) return {};
  return targets.credentials->account.empty() ? targets.credentials->user : targets.credentials->account;
}

std::vector<Candidate> order_candidates(const Targets& targets, const HostLoad& load, size_t per_tier_max) {
  if (targets.transport == Transport::lmtp) {
    return {{.peer = {targets.lmtp.endpoint, targets.lmtp.unix_path, {}}, .host = "lmtp", .tier = 0}};
  }
  std::vector<Candidate> out;
  std::set<Peer> seen;
  for (size_t tier = 0; tier < targets.tiers.size(); ++tier) {
    const auto hosts = by_load(targets.tiers[tier], load);
    const auto share = shares(hosts, std::max<size_t>(1, per_tier_max));
    for (size_t n = 0; n < hosts.size(); ++n) {
      for (size_t a = 0; a < share[n]; ++a) {
        Peer peer{{hosts[n]->addresses[a], hosts[n]->port}, {}, account_of(targets)};
        if (seen.insert(peer).second) out.push_back({std::move(peer), hosts[n]->host, tier});
      }
    }
  }
  return out;
}

HostLoad Site::load() const {
  HostLoad out;
  for (const auto& [id, connection] : connections) ++out[connection->plan().host];
  for (const auto& [id, walk] : walks) ++out[walk.connection->plan().host];
  // Who has connections to spare needs another last of all.
  for (const std::string& host : queue->idle_hosts()) out[host] += kIdleWeight;
  return out;
}

size_t Site::connected_to(const Peer& peer) const {
  return static_cast<size_t>(
      std::ranges::count_if(connections, [&peer](const auto& one) { return one.second->peer() == peer; }));
}

bool Site::walks_to(const std::string& host) const {
  return std::ranges::any_of(walks,
                             [&host](const auto& one) { return one.second.connection->plan().host == host; });
}

bool Site::unproved(const Peer& peer) const {
  const bool under_way =
      std::ranges::any_of(walks, [&peer](const auto& one) { return one.second.connection->peer() == peer; });
  return under_way && connected_to(peer) == 0;
}

void Site::retire_idle(const Peer& peer) const {
  for (const auto& [id, connection] : connections) {
    if (connection->peer() == peer && connection->state() == Connection::State::idle) connection->retire();
  }
}

std::optional<size_t> Site::best_tier() const {
  std::optional<size_t> best;
  for (const auto& [id, connection] : connections) {
    if (!best || connection->plan().tier < *best) best = connection->plan().tier;
  }
  return best;
}

}  // namespace waybill::deliver
