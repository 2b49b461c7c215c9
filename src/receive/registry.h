// registry.h: the sessions under way, all listeners together: limits in total and for an address, and the
// way to tell all of them to stop.
//
// Thread rule: thread-safe. Sharded by address, one short lock when a session begins and one when it ends;
// nothing in between touches it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/ip.h"
#include "net/loop.h"

namespace waybill::receive {

/// A session that can be told to end; both are called on its loop.
class Stoppable {
 public:
  virtual ~Stoppable() = default;
  virtual void on_stop() = 0;  ///< end as soon as no message is under way
  virtual void on_kill() = 0;  ///< end now
  virtual void on_shed() = 0;  ///< end if no transaction is under way
};

struct SessionLimits {
  uint32_t sessions_max = 10'000;
  uint32_t sessions_per_address_max = 100;  ///< an IPv6 client counts by its /64
  std::vector<IpNetwork> exempt;            ///< no limit an address for these
};

class SessionRegistry {
 public:
  enum class Admission : uint8_t { admitted, too_many, too_many_of_address, overloaded };

  /// One admitted session. Gives its place back when it is destroyed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept
        : registry_(std::exchange(other.registry_, nullptr)),
          key_(other.key_),
          entry_(other.entry_),
          exempt_(other.exempt_) {}
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { release(); }
    /// Makes the session known to stop_sessions() and kill_sessions().
    void enlist(net::Loop& loop, std::weak_ptr<Stoppable> session);
    [[nodiscard]] bool admitted() const { return registry_ != nullptr; }

   private:
    friend class SessionRegistry;
    void release();
    SessionRegistry* registry_ = nullptr;
    IpAddress key_;
    uint64_t entry_ = 0;
    bool exempt_ = false;
  };

  explicit SessionRegistry(SessionLimits limits = {});
  /// A reload's new limits hold for the sessions to come.
  void set_limits(SessionLimits limits);
  [[nodiscard]] std::pair<Admission, Ticket> admit(const IpAddress& client);
  /// With so many sessions open, further clients are told to come back: those that are not exempt, and all.
  void set_room(uint32_t strangers, uint32_t everyone);
  /// Asks the sessions of clients that are not exempt to end unless a transaction is under way; returns how
  /// many were asked.
  uint64_t shed_strangers();
  /// Asks every session to end; those mid-message finish it first.
  void stop_sessions();
  /// Ends every session; messages that are not complete are abandoned.
  void kill_sessions();
  [[nodiscard]] uint32_t active() const { return active_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t admitted_total() const { return admitted_total_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t turned_away_total() const {
    return turned_away_total_.load(std::memory_order_relaxed);
  }
  /// Of these, those for which there was no room by set_room().
  [[nodiscard]] uint64_t shed_total() const { return shed_total_.load(std::memory_order_relaxed); }

 private:
  struct Member {
    net::Loop* loop = nullptr;
    std::weak_ptr<Stoppable> session;
    bool exempt = false;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<IpAddress, uint32_t> counts;
    std::unordered_map<uint64_t, Member> members;
  };
  [[nodiscard]] Shard& shard(const IpAddress& key) {
    return shards_[std::hash<IpAddress>{}(key) % shards_.size()];
  }
  void release(const IpAddress& key, uint64_t entry);
  void tell_all(void (Stoppable::*what)());

  std::shared_ptr<const SessionLimits> limits_;  ///< through std::atomic_load and std::atomic_store
  std::array<Shard, 16> shards_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> active_{0};
  std::atomic<uint64_t> next_entry_{1};
  std::atomic<uint64_t> admitted_total_{0};
  std::atomic<uint64_t> turned_away_total_{0};
  std::atomic<uint64_t> shed_total_{0};
  std::atomic<uint32_t> room_strangers_{UINT32_MAX};
  std::atomic<uint32_t> room_everyone_{UINT32_MAX};
};

}  // namespace waybill::receive
