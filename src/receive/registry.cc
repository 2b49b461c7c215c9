#include "receive/registry.h"

#include <algorithm>

namespace waybill::receive {
namespace {
/// Who counts as one client: an IPv4 address, or an IPv6 /64, which is what one customer gets.
IpAddress counted_as(const IpAddress& client) {
  if (client.is_v4()) return client;
  auto octets = client.octets();
  std::fill(octets.begin() + 8, octets.end(), uint8_t{0});
  return IpAddress::v6(octets);
}
}  // namespace

SessionRegistry::Ticket& SessionRegistry::Ticket::operator=(Ticket&& other) noexcept {
  if (this != &other) {
    release();
    registry_ = std::exchange(other.registry_, nullptr);
    key_ = other.key_;
    entry_ = other.entry_;
    exempt_ = other.exempt_;
  }
  return *this;
}

void SessionRegistry::Ticket::release() {
  if (registry_ != nullptr) std::exchange(registry_, nullptr)->release(key_, entry_);
}

void SessionRegistry::Ticket::enlist(net::Loop& loop, std::weak_ptr<Stoppable> session) {
  if (registry_ == nullptr) return;
  Shard& shard = registry_->shard(key_);
  const std::lock_guard lock(shard.mutex);
  // A session that was admitted before the stop and enlists after it would never hear of it.
  if (registry_->stopping_.load()) {
    loop.post([session] {
      if (const auto alive = session.lock()) alive->on_stop();
    });
  }
  shard.members[entry_] = {&loop, std::move(session), exempt_};
}

SessionRegistry::SessionRegistry(SessionLimits limits)
    : limits_(std::make_shared<const SessionLimits>(std::move(limits))) {}

void SessionRegistry::set_limits(SessionLimits limits) {
  std::atomic_store(&limits_, std::make_shared<const SessionLimits>(std::move(limits)));
}

std::pair<SessionRegistry::Admission, SessionRegistry::Ticket> SessionRegistry::admit(
    const IpAddress& client) {
  const auto limits = std::atomic_load(&limits_);
  if (active_.fetch_add(1) >= limits->sessions_max) {
    active_.fetch_sub(1);
    turned_away_total_.fetch_add(1, std::memory_order_relaxed);
    return {Admission::too_many, Ticket{}};
  }
  const IpAddress key = counted_as(client);
  const bool exempt =
      std::ranges::any_of(limits->exempt, [&](const IpNetwork& n) { return n.contains(client); });
  const auto& room = exempt ? room_everyone_ : room_strangers_;
  if (active_.load(std::memory_order_relaxed) > room.load(std::memory_order_relaxed)) {
    active_.fetch_sub(1);
    turned_away_total_.fetch_add(1, std::memory_order_relaxed);
    shed_total_.fetch_add(1, std::memory_order_relaxed);
    return {Admission::overloaded, Ticket{}};
  }
  {
    Shard& home = shard(key);
    const std::lock_guard lock(home.mutex);
    uint32_t& count = home.counts[key];
    if (!exempt && count >= limits->sessions_per_address_max) {
      if (count == 0) home.counts.erase(key);
      active_.fetch_sub(1);
      turned_away_total_.fetch_add(1, std::memory_order_relaxed);
      return {Admission::too_many_of_address, Ticket{}};
    }
    ++count;
  }
  admitted_total_.fetch_add(1, std::memory_order_relaxed);
  Ticket ticket;
  ticket.registry_ = this;
  ticket.key_ = key;
  ticket.entry_ = next_entry_.fetch_add(1);
  ticket.exempt_ = exempt;
  return {Admission::admitted, std::move(ticket)};
}

void SessionRegistry::release(const IpAddress& key, uint64_t entry) {
  {
    Shard& home = shard(key);
    const std::lock_guard lock(home.mutex);
    home.members.erase(entry);
    const auto at = home.counts.find(key);
    if (at != home.counts.end() && --at->second == 0) home.counts.erase(at);
  }
  active_.fetch_sub(1);
}

void SessionRegistry::set_room(uint32_t strangers, uint32_t everyone) {
  room_strangers_.store(strangers, std::memory_order_relaxed);
  room_everyone_.store(everyone, std::memory_order_relaxed);
}

uint64_t SessionRegistry::shed_strangers() {
  uint64_t asked = 0;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [entry, member] : shard.members) {
      if (member.exempt) continue;
      ++asked;
      member.loop->post([session = member.session] {
        if (const auto alive = session.lock()) alive->on_shed();
      });
    }
  }
  return asked;
}

void SessionRegistry::tell_all(void (Stoppable::*what)()) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [entry, member] : shard.members) {
      member.loop->post([session = member.session, what] {
        if (const auto alive = session.lock()) ((*alive).*what)();
      });
    }
  }
}

void SessionRegistry::stop_sessions() {
  stopping_ = true;
  tell_all(&Stoppable::on_stop);
}
void SessionRegistry::kill_sessions() { tell_all(&Stoppable::on_kill); }

}  // namespace waybill::receive
