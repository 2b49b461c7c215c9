// host_memory.h: which hosts fail, since when, why, and when one may be tried again: one probe at a time,
// further and further apart (conformance 43). Pure: the time is an argument. Bounded: the entry that is due
// soonest makes room when there are too many.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "deliver/settings.h"
#include "mail/outcome.h"

namespace waybill::deliver {

/// Where a connection goes: an address and port, or a Unix socket.
struct Peer {
  Endpoint endpoint;
  std::string unix_path;
  /// Whom we are there, at a smart host: its word against one account says nothing about others' mail.
  std::string account{};
  [[nodiscard]] std::string to_string() const {
    return unix_path.empty() ? endpoint.to_string() : "unix:" + unix_path;
  }
  auto operator<=>(const Peer&) const = default;
};

class HostMemory {
 public:
  /// What a failure is about.
  enum class About : uint8_t {
    host,     ///< it can't be reached, or takes no mail
    account,  ///< it is there and does not take our credentials
  };
  struct Entry {
    std::string host;  ///< the name under which it failed last
    About about = About::host;
    bool down = false;
    bool probing = false;
    Steady down_since{};
    Steady next_probe{};
    uint32_t failures = 0;  ///< in a row
    mail::Outcome last;     ///< what a delivery gets that is not even tried
    std::optional<Steady> tls_broken_until;
  };

  explicit HostMemory(MemorySettings settings) : settings_(settings) {}
  void reconfigure(MemorySettings settings) { settings_ = settings; }

  enum class May : uint8_t {
    use,    ///< nothing speaks against it
    probe,  ///< it failed before; this caller, and only this one, may try
    skip,   ///< down, or someone else is trying
  };
  /// Takes the probe when it says so: failed(), worked() or given_up() must follow.
  [[nodiscard]] May may_try(const Peer& peer, Steady now);
  /// As may_try, but takes nothing.
  [[nodiscard]] May look(const Peer& peer, Steady now) const;
  void failed(const Peer& peer, const mail::Outcome& why, Steady now, About about = About::host);
  /// True if it was down before.
  bool worked(const Peer& peer);
  /// The probe ended without an answer to the question.
  void given_up(const Peer& peer);

  void tls_failed(const Peer& peer, const std::string& host, Steady now);
  [[nodiscard]] bool tls_broken(const Peer& peer, Steady now) const;

  /// An operator, or the host itself, knows better: those that are down may be tried now, one connection
  /// each.
  void probe_now(const std::string& address, Steady now);
  /// The same for those that did not take our credentials: they may be others now.
  void probe_accounts_now(Steady now);
  /// Forgets one, or all; those that are being probed right now keep that.
  void forget(const std::string& address);
  [[nodiscard]] const Entry* find(const Peer& peer) const;
  [[nodiscard]] const std::map<Peer, Entry>& all() const { return entries_; }

 private:
  Entry& entry(const Peer& peer);
  static void soon(Entry& entry, Steady now);
  [[nodiscard]] static bool meant(const std::string& address, const Peer& peer, const Entry& entry);
  void drop_if_empty(const Peer& peer);

  MemorySettings settings_;
  std::map<Peer, Entry> entries_;
};

}  // namespace waybill::deliver
