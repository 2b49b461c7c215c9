#include "route/attempts.h"

#include <algorithm>
#include <map>
#include <set>

#include "route/shuffle.h"

namespace waybill::route {
namespace {
/// Families alternate, IPv6 first, so that a broken family costs one try and not the attempt (RFC 8305 4);
/// addresses of a family are equals (RFC 5321 5.1 speaks of the order the resolver gave; a cache gives none).
/// Unusable ones stay behind, for people to see.
void order_addresses(Host& host, Random& random) {
  std::vector<Address> v6, v4, rest;
  for (const Address& address : host.addresses) {
    (!address.usable ? rest : address.ip.is_v6() ? v6 : v4).push_back(address);
  }
  const auto by_ip = [](const Address& a, const Address& b) { return a.ip < b.ip; };
  for (auto* family : {&v6, &v4, &rest}) std::ranges::sort(*family, by_ip);
  shuffle(v6, random);
  shuffle(v4, random);
  host.addresses.clear();
  for (size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) host.addresses.push_back(v6[i]);
    if (i < v4.size()) host.addresses.push_back(v4[i]);
  }
  host.addresses.insert(host.addresses.end(), rest.begin(), rest.end());
}

struct Candidate {
  size_t host = 0;   ///< index within the tier
  size_t round = 0;  ///< 0: the host's first address
  IpAddress ip;
};

/// Each host's new addresses in its order. Hosts that bring nothing new become already_listed.
std::vector<Candidate> collect(Tier& tier, const std::set<IpAddress>& tried) {
  std::vector<Candidate> out;
  std::set<IpAddress> seen = tried;
  for (size_t i = 0; i < tier.hosts.size(); ++i) {
    Host& host = tier.hosts[i];
    if (host.status != HostStatus::ok) continue;
    size_t round = 0;
    for (const Address& address : host.addresses) {
      if (address.usable && seen.insert(address.ip).second) out.push_back({i, round++, address.ip});
    }
    if (round == 0) {
      host.status = HostStatus::already_listed;
      host.note = "all its addresses stand behind an earlier host";
    }
  }
  return out;
}

/// At most `max`: every host's first address before any host's second, and some of both families.
std::vector<Candidate> cap(std::vector<Candidate> candidates, size_t max) {
  if (candidates.size() <= max) return candidates;
  std::ranges::stable_sort(candidates, {}, &Candidate::round);
  const auto v4_total =
      static_cast<size_t>(std::ranges::count_if(candidates, [](const Candidate& c) { return c.ip.is_v4(); }));
  const size_t v6_total = candidates.size() - v4_total;
  // A family that does not work from here must not use up the whole allowance.
  size_t v4_left = std::min(v4_total, max / 2);
  size_t v6_left = std::min(v6_total, max - v4_left);
  v4_left = std::min(v4_total, max - v6_left);
  std::vector<Candidate> kept;
  for (const Candidate& candidate : candidates) {
    size_t& left = candidate.ip.is_v4() ? v4_left : v6_left;
    if (left == 0) continue;
    --left;
    kept.push_back(candidate);
  }
  std::ranges::stable_sort(kept, {}, &Candidate::host);
  return kept;
}

/// Who comes first over all seeds: the hosts of the best usable tier evenly, and of each its addresses of
/// the preferred family evenly.
std::map<IpAddress, double> share(Tier& tier) {
  std::map<IpAddress, double> by_address;
  const auto usable = static_cast<double>(std::ranges::count(tier.hosts, HostStatus::ok, &Host::status));
  for (Host& host : tier.hosts) {
    if (host.status != HostStatus::ok) continue;
    host.first_share = 1 / usable;
    const auto first = std::ranges::find_if(host.addresses, &Address::usable);
    const auto equal = [&](const Address& a) { return a.usable && a.ip.is_v6() == first->ip.is_v6(); };
    const auto count = static_cast<double>(std::ranges::count_if(host.addresses, equal));
    for (const Address& address : host.addresses) {
      if (equal(address)) by_address[address.ip] += host.first_share / count;
    }
  }
  return by_address;
}
}  // namespace

void list_attempts(Plan& plan, const Options& options, uint16_t port, uint64_t seed) {
  Random random(seed);
  const size_t max = std::max<size_t>(2, options.addresses_per_preference_max);  // RFC 5321 5.1: at least two
  std::set<IpAddress> tried;
  for (Tier& tier : plan.tiers) {
    std::ranges::sort(tier.hosts, {}, &Host::name);  // the answer's order must not decide; the seed does
    shuffle(tier.hosts, random);
    for (Host& host : tier.hosts) order_addresses(host, random);
    std::map<IpAddress, double> shares;
    if (plan.attempts.empty()) shares = share(tier);
    const auto candidates = collect(tier, tried);
    const auto kept = cap(candidates, max);
    if (kept.size() < candidates.size()) {
      plan.steps.push_back(
          {"tier.capped", "",
           fmt::format("Preference {}: {} of its {} addresses are tried in one attempt, so that "
                       "the next preference is reached.",
                       tier.preference, kept.size(), candidates.size())});
    }
    for (const Candidate& candidate : kept) {
      const Host& host = tier.hosts[candidate.host];
      const auto at = shares.find(candidate.ip);
      plan.attempts.push_back({.host = host.name.is_root() ? std::string() : host.name.to_string(),
                               .ip = candidate.ip,
                               .port = port,
                               .preference = tier.preference,
                               .first_share = at == shares.end() ? 0 : at->second,
                               .secure = host.secure});
      tried.insert(candidate.ip);
    }
  }
}

}  // namespace waybill::route
