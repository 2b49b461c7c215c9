// gate_clients_case.h: inside gate_clients*.cc: what is kept of one session, and of one recipient while its
// answer is being found.
#pragma once

#include "daemon/gate_clients.h"

namespace waybill::daemon {

/// Of one message: by domain, a bit for each thing that was counted of it. Under its session's Notes::mutex.
struct ClientsGate::Counted {
  std::map<std::string, unsigned, std::less<>> by_domain;
};

/// Who waits for a client's name; called on the gate's loop. The lookup alone owns it: what waits holds its
/// session's Notes, and a lookup that a stopping loop abandons must free both.
struct ClientsGate::Waiting {
  std::vector<std::function<void()>> calls;  ///< under Notes::mutex
};

/// Of one session; the session holds it in its ClientFacts.
struct ClientsGate::Notes {
  /// Recipients of a session that are being looked into at most, for a client that is only observed may send
  /// thousands of them: more are judged by what is known.
  static constexpr unsigned kGatheringMax = 64;
  IpAddress ip;
  std::string key;
  policy::Place place;

  std::mutex mutex;  ///< for what follows
  bool name_settled = false;
  dns::Ptr ptr;
  std::weak_ptr<Waiting> waiting;  ///< until the name is settled
  bool judged = false;             ///< a recipient of its was
  unsigned gathering = 0;
  std::shared_ptr<Counted> counted = std::make_shared<Counted>();  ///< this transaction's

  [[nodiscard]] dns::Ptr name() {
    const std::scoped_lock lock(mutex);
    return ptr;
  }
};

/// One recipient. Until it is judged it belongs to one thread at a time: the session's, then the loop's.
struct ClientsGate::Case {
  std::shared_ptr<Notes> notes;
  std::shared_ptr<const ClientRules> rules;
  std::shared_ptr<Counted> counted;
  const policy::ClientPolicy* policy = nullptr;  ///< in `rules`
  mail::ReversePath from;
  mail::Address to;
  std::string helo;
  bool early = false;
  receive::Verdict verdict;
  receive::Gate::Answer answer;       ///< empty: given already, for nothing acts
  std::optional<policy::MxHosts> mx;  ///< of the recipient's domain, once they are known or known not to be
  bool peers_asked = false;
  std::vector<policy::Visit> peer_visits;  ///< by our clock
  std::vector<policy::Door> peer_doors;
  unsigned open = 0;       ///< what is still being looked up
  bool gathering = false;  ///< counted in `notes`
  bool judged = false;
};

}  // namespace waybill::daemon
