// gate_clients.h: the gate's step that looks at the clients themselves (docs/clients.md): finds out what the
// tests of policy/ need, asks them, and carries out what a domain's policy makes of it.
//
// Thread rule: thread-safe. What must be looked up is gathered on one loop; a session waits for it only where
// its policy acts on it, and no longer than clients.iprev_wait. Failure: what can't be found out is unknown,
// and unknown is never held against a client. Trusted and authenticated clients and other roles than mx pass
// without a look, a lookup or a lock.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/published.h"
#include "control/types.h"
#include "daemon/client_rules.h"
#include "dns/resolver.h"
#include "learn/store.h"
#include "net/loop.h"
#include "policy/client_record.h"
#include "policy/greylist.h"
#include "policy/wrong_mx.h"
#include "receive/gate.h"

namespace waybill::daemon {

/// A listener, as far as clients' choice of MX is concerned.
struct ClientDoor {
  Endpoint at;
  std::string mx;  ///< the MX host that it was given; empty: its address tells
};

class ClientsGate {
 public:
  struct Counters {
    std::array<std::atomic<uint64_t>, policy::kClientTests.size()> failed{}, turned_away{};
    std::atomic<uint64_t> connections{0};  ///< of clients that are looked at
    std::atomic<uint64_t> names_unknown{0};
  };

  /// All outlive the gate's use. `loop`: where lookups are gathered.
  ClientsGate(const Clock& clock, net::Loop& loop, dns::Resolver& resolver, learn::Store& learnt,
              const config::Config& config);

  /// A reload: what is under way keeps the rules that it began with.
  void configure(const config::Config& config);
  void set_doors(const std::vector<ClientDoor>& doors);

  /// Accepts, and says what the session must keep and how long it must wait.
  [[nodiscard]] receive::Verdict connected(const receive::ClientFacts& client);
  /// The client was turned away for want of room, at the door or by another step of the gate.
  void turned_away(const receive::ClientFacts& client);
  void mail(const receive::ClientFacts& client);
  /// `accepted` is what the steps before made of this recipient; it comes back in the answer.
  void rcpt(const receive::ClientFacts& client, const mail::ReversePath& from, const mail::Address& to,
            receive::Verdict accepted, receive::Gate::Answer answer);
  void ended(const receive::ClientFacts& client);

  /// May take a while where many clients are known.
  [[nodiscard]] control::ClientsAnswer report(const control::ClientsRequest& request) const;
  /// What another daemon wants to know of a client.
  [[nodiscard]] control::ClientsSeenAnswer seen(const control::ClientsSeenRequest& request) const;
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Counted;
  struct Waiting;
  struct Notes;
  struct Case;
  using CasePtr = std::shared_ptr<Case>;

  [[nodiscard]] std::shared_ptr<Notes> notes_of(const receive::ClientFacts& client) const;
  [[nodiscard]] static policy::Place place_of(const receive::ClientFacts& client);
  void look_up_name(const std::shared_ptr<Notes>& notes, const std::shared_ptr<Waiting>& waiting);
  void settle_name(const std::shared_ptr<Notes>& notes, Waiting& waiting, dns::Ptr ptr);
  void ask_on_loop(const dns::Question& question, std::function<void(dns::Answer)> done);

  // gate_clients_judge.cc
  void act_at_once(const Case& one, receive::Verdict& verdict) const;
  [[nodiscard]] static policy::Finding find_early(const Case& one);
  [[nodiscard]] bool is_ready(const Case& one) const;
  void gather(const CasePtr& one);
  void gather_mx(const CasePtr& one);
  void gathered(const CasePtr& one);
  [[nodiscard]] std::vector<policy::Visit> visits_of(const std::string& key, Time now) const;

  // gate_clients_peers.cc: what other daemons saw
  [[nodiscard]] bool wants_peers(const Case& one) const;
  void ask_peers(const CasePtr& one);
  static net::Task<void> ask_peer(ClientsGate* self, CasePtr one, Endpoint peer);
  static net::Task<void> give_up_later(ClientsGate* self, CasePtr one);
  void judge(Case& one);
  [[nodiscard]] policy::Findings find(Case& one, Time now);
  [[nodiscard]] policy::Finding find_wrong_mx(const Case& one, Time now) const;
  [[nodiscard]] policy::Finding find_greylist(const Case& one, Time now);
  [[nodiscard]] uint64_t waits_ended_well(const Case& one, Time now) const;
  void count_ended_wait(const Case& one, Time now);
  void note(Case& one, const policy::Findings& findings, const policy::ClientDecision& decision, Time now);
  [[nodiscard]] std::optional<policy::MxHosts> cached_mx(const std::string& domain) const;
  template <class Change>
  void change_record(const std::string& key, Time now, Change&& change);

  const Clock& clock_;
  net::Loop& loop_;
  dns::Resolver& resolver_;
  learn::Table& records_;   ///< by client, and by confirmed name
  learn::Table& tallies_;   ///< by domain and client
  learn::Table& greylist_;  ///< by network, sender and recipient; and what is known of networks and names
  Published<const ClientRules> rules_;
  Published<const std::vector<policy::Door>> doors_{std::make_shared<const std::vector<policy::Door>>()};
  mutable std::mutex doors_mutex_;  ///< held by who replaces them
  struct CachedMx {
    policy::MxHosts hosts;
    Time until{};
  };
  mutable std::mutex mx_mutex_;
  std::map<std::string, CachedMx, std::less<>> mx_;  ///< of our own domains: as many as these
  unsigned peers_asked_now_ = 0;                     ///< on the loop alone
  Counters counters_;
};

}  // namespace waybill::daemon
