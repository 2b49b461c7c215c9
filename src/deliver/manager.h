// manager.h: carries deliveries out. Groups them by site, opens, shares and paces connections, remembers
// hosts that fail, falls over to the next host, and answers each delivery with one outcome a recipient.
//
// Thread rule: everything here is called on the conductor's loop, and every callback comes back on it.
// Connections run on the I/O loops, Maildir writes on threads of their own; both hop back.
// Falls over to the next host when there is no connection, no welcome, or the session ends before the message
// was answered. A 4yz to MAIL, RCPT, DATA or the message is the attempt's answer: greylisting and full
// mailboxes are no better at the next MX, and a wait is what such a server asks for.
// Never: blocks, bounces what is unknown, tries an address twice for one delivery, or drops a delivery
// without its `done`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fs.h"
#include "deliver/settings.h"
#include "deliver/targets.h"
#include "mail/delivery.h"
#include "net/loop.h"
#include "net/tls.h"

namespace waybill::deliver {

struct ConnectionStatus {
  uint64_t id = 0;
  std::string host;
  std::string address;  ///< "192.0.2.1:25", "unix:/run/x"
  std::string state;    ///< "opening", "busy" or "idle"
  uint64_t messages = 0;
  bool tls = false;
  Millis age{0};
};

/// How a destination stands: for status and `queue why`.
struct Recovery {
  enum class Phase : uint8_t { normal, down, probing, slow_start };
  std::string site_key;
  Phase phase = Phase::normal;
  Millis down_for{0};
  Millis next_probe_in{0};
  mail::Reply last;      ///< why it is down
  std::string fault;     ///< a sentence for the operator, who alone can mend it; empty: nothing of the sort
  double rate = 0;       ///< messages a second: allowed in a slow start, else those of late
  double rate_max = 0;   ///< what a slow start may grow to; else the destination's own limit, 0: none
  Millis paused_for{0};  ///< the host asked for less
  std::vector<mail::Domain> domains;  ///< some of those that wait there or were released
};
[[nodiscard]] std::string_view to_string(Recovery::Phase phase);

struct SiteStatus {
  std::string site_key;
  size_t queued = 0;                                   ///< waiting for a connection
  size_t active = 0;                                   ///< on a connection
  double window = 0;                                   ///< connections that pacing allows
  uint64_t delivered = 0, deferred = 0, rejected = 0;  ///< recipients, since the site came into use
  bool down = false;
  size_t domains_waiting = 0;  ///< domains whose mail was deferred because the site is down
  Recovery recovery;           ///< without its domains
  std::vector<ConnectionStatus> connections;
};

struct HostStatus {
  std::string host;
  std::string address;
  bool down = false;
  Millis down_for{0};
  Millis next_probe_in{0};
  uint32_t failures = 0;
  bool tls_broken = false;
  mail::Reply last;  ///< why
};

struct ManagerStatus {
  std::vector<SiteStatus> sites;
  std::vector<HostStatus> hosts;  ///< only those that are remembered as failing
  size_t deliveries = 0;          ///< under way, all told
};

class Manager {
 public:
  /// What may come of the mail that waits for a site's domains. `one`: the next probe carries it; false:
  /// there is none. `all`: the site works again. `none`: it failed again; what was released and is not here
  /// yet stays.
  enum class Release : uint8_t { one, all, none };
  using SiteBack = std::function<bool(const std::string& site_key, const std::vector<mail::Domain>& domains,
                                      Release what)>;

  /// All references outlive the manager. `io_loops` is not empty; the conductor may be one of them.
  Manager(net::Loop& conductor, std::vector<net::Loop*> io_loops, Router& router, FileSystem& files,
          Settings settings, SiteBack site_back = {});
  /// After stop()'s `done`, or after all loops have ended.
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// `done` is called exactly once, never from inside this call.
  void start(mail::DeliveryPtr delivery, mail::DeliveryDone done);
  /// For new connections and new deliveries; what is under way ends as it began.
  void reconfigure(Settings settings);
  /// An operator knows better: hosts that are down (of one address, or "" for all) are probed now, with one
  /// message each as ever.
  void probe_now(const std::string& address = {});
  /// Somebody who knows (ETRN) says that this domain's hosts want its mail: as after an outage, they are
  /// probed with one message, and the rest follows in a slow start.
  void drain(const mail::Domain& domain);
  /// Credentials may be others than before, and these accounts (Credentials::account) have some: hosts that
  /// did not take ours are asked again now, with one message as ever. What waited for another account is
  /// released: its route is another now.
  void sign_in_again(const std::set<std::string>& accounts);
  /// How the destination of such mail stands: its domain, sender, listener and pin count; none: it has none
  /// now. `done` on the conductor's loop, at once or later.
  using RecoveryDone = std::function<void(std::optional<Recovery>)>;
  void recovery(const mail::Delivery& asked, RecoveryDone done);
  [[nodiscard]] ManagerStatus status() const;
  /// Takes back the deliveries that `wanted` names and that still wait for a connection: their `done` will
  /// not be called. What is on a connection goes on.
  using Wanted = std::function<bool(const mail::Delivery&)>;
  [[nodiscard]] std::vector<mail::DeliveryPtr> take_back(const Wanted& wanted);
  /// What such a delivery waits for, in a sentence; empty: none waits.
  [[nodiscard]] std::string why_waiting(const Wanted& wanted) const;
  /// Deliveries that wait are answered as deferred at once (retry_after says soon); those on a connection may
  /// finish until `deadline`, then their connections are closed. `done` follows the last answer.
  void stop(Steady deadline, std::move_only_function<void()> done);

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace waybill::deliver
