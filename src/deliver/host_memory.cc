#include "deliver/host_memory.h"

#include <algorithm>

namespace waybill::deliver {

const HostMemory::Entry* HostMemory::find(const Peer& peer) const {
  const auto at = entries_.find(peer);
  return at == entries_.end() ? nullptr : &at->second;
}

HostMemory::Entry& HostMemory::entry(const Peer& peer) {
  if (const auto at = entries_.find(peer); at != entries_.end()) return at->second;
  if (entries_.size() >= std::max<size_t>(1, settings_.hosts_max)) {
    // Rare, and a scan then is cheaper than an index always.
    auto victim = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->second.probing) continue;
      if (victim == entries_.end() || at->second.next_probe < victim->second.next_probe) victim = at;
    }
    if (victim != entries_.end()) entries_.erase(victim);
  }
  return entries_[peer];
}

HostMemory::May HostMemory::look(const Peer& peer, Steady now) const {
  const Entry* known = find(peer);
  if (!known || !known->down) return May::use;
  return known->probing || now < known->next_probe ? May::skip : May::probe;
}

HostMemory::May HostMemory::may_try(const Peer& peer, Steady now) {
  const May may = look(peer, now);
  if (may == May::probe) entries_.find(peer)->second.probing = true;
  return may;
}

void HostMemory::failed(const Peer& peer, const mail::Outcome& why, Steady now, About about) {
  Entry& known = entry(peer);
  if (!known.down) {
    known.down = true;
    known.down_since = now;
    known.failures = 0;
  }
  known.host = why.host;
  known.last = why;
  known.about = about;
  // Twenty connections that a restart of the host cuts off are one failure, not twenty in a row: only a
  // probe's failure puts the next one further away.
  if (known.failures > 0 && !known.probing) return;
  known.probing = false;
  const Millis::rep doubled = settings_.probe_first.count() << std::min(known.failures, 20U);
  const Millis wait = std::min(settings_.probe_max, Millis{doubled});
  ++known.failures;
  known.next_probe = now + wait;
}

bool HostMemory::worked(const Peer& peer) {
  const auto at = entries_.find(peer);
  if (at == entries_.end()) return false;
  const bool was_down = at->second.down;
  at->second.down = false;
  at->second.probing = false;
  at->second.failures = 0;
  drop_if_empty(peer);
  return was_down;
}

void HostMemory::given_up(const Peer& peer) {
  if (const auto at = entries_.find(peer); at != entries_.end()) at->second.probing = false;
}

void HostMemory::tls_failed(const Peer& peer, const std::string& host, Steady now) {
  Entry& known = entry(peer);
  if (known.host.empty()) known.host = host;
  known.tls_broken_until = now + settings_.tls_broken_for;
}

bool HostMemory::tls_broken(const Peer& peer, Steady now) const {
  const Entry* known = find(peer);
  return known && known->tls_broken_until && now < *known->tls_broken_until;
}

void HostMemory::drop_if_empty(const Peer& peer) {
  const auto at = entries_.find(peer);
  if (at != entries_.end() && !at->second.down && !at->second.tls_broken_until) entries_.erase(at);
}

bool HostMemory::meant(const std::string& address, const Peer& peer, const Entry& entry) {
  return address.empty() || peer.to_string() == address || peer.endpoint.ip.to_string() == address ||
         entry.host == address;
}

void HostMemory::probe_now(const std::string& address, Steady now) {
  for (auto& [peer, known] : entries_) {
    if (known.down && !known.probing && meant(address, peer, known)) soon(known, now);
  }
}

void HostMemory::probe_accounts_now(Steady now) {
  // One that is being probed with what was refused before: its next probe is near.
  for (auto& [peer, known] : entries_) {
    if (known.down && known.about == About::account) soon(known, now);
  }
}

void HostMemory::soon(Entry& entry, Steady now) {
  entry.next_probe = std::min(entry.next_probe, now);
  entry.failures = 0;  // where it fails again, the next probe is near again
}

void HostMemory::forget(const std::string& address) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    const bool gone = meant(address, at->first, at->second) && !at->second.probing;
    at = gone ? entries_.erase(at) : std::next(at);
  }
}

}  // namespace waybill::deliver
