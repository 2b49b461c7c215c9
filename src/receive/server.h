// server.h: the doors: accepts connections of all listeners and spreads their sessions over the loops.
//
// Thread rule: construct, add(), reload() and stop() from one thread at a time; they may be called while the
// loops run. Each listener accepts on the loop that it was opened on.
// Failure modes: out of descriptors or memory, a listener rests and says so once; it never spins.
#pragma once

#include <memory>
#include <vector>

#include "net/listener.h"
#include "receive/registry.h"
#include "receive/server_session.h"

namespace waybill::receive {

class Server {
 public:
  /// `loops` serve the sessions, in turn. All references must outlive the loops' run.
  Server(Services services, SessionRegistry& registry, std::vector<net::Loop*> loops);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Starts to accept. `home` is the loop that `listener` was opened on. Returns the listener's number.
  size_t add(net::Listener listener, net::Loop& home, std::shared_ptr<const Settings> settings);
  /// New sessions of listener `n` get these; those under way keep theirs.
  void reload(size_t n, std::shared_ptr<const Settings> settings);
  /// One listener is gone from the configuration; its sessions stay.
  void close(size_t n);
  /// Accepts no more and asks all sessions to end (421 4.3.2, those mid-message after it). The caller waits
  /// for registry.active() to be 0, and calls registry.kill_sessions() when that takes too long.
  void stop();

 private:
  struct Door;
  std::vector<std::shared_ptr<Door>> doors_;
  Services services_;
  SessionRegistry& registry_;
  std::shared_ptr<const std::vector<net::Loop*>> loops_;

  static net::Task<void> accept_all(std::shared_ptr<Door> door, Services services, SessionRegistry& registry,
                                    std::shared_ptr<const std::vector<net::Loop*>> loops);
};

}  // namespace waybill::receive
