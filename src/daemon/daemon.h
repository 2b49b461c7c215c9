// daemon.h: the router as a process: makes the rooms, joins them, runs their threads, and ends them in order.
//
// Threads: I/O loops (SMTP sessions, deliveries' connections), the conductor's loop (queue and delivery
// decisions), the control loop (API, signals, reload), the reader's and the auditor's loops (the API's long
// reads, and its longest), the mailboxes' loop (what they hold, at RCPT), the store's commit thread, the
// resolver's thread, and delivery's Maildir writers. Thread rule: start(), run() and the destructor on one
// thread, which becomes the control loop's.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/published.h"
#include "config/config.h"
#include "control/service.h"
#include "daemon/backend.h"
#include "daemon/backup_places.h"
#include "daemon/drainer.h"
#include "daemon/overload.h"
#include "daemon/primary_places.h"
#include "daemon/server_tls.h"
#include "learn/store.h"
#include "net/listener.h"
#include "queue/rocks_store.h"
#include "receive/server.h"

namespace waybill::daemon {

class Daemon {
 public:
  /// Binds, drops privileges, opens the spool, begins to serve. Errors: what stands in the way, one sentence.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(const std::string& config_file,
                                                             config::Config config);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Until SIGTERM or SIGINT, which must be blocked in every thread before start(); then finishes what is
  /// under way within shutdown_grace. SIGHUP reloads.
  void run();

 private:
  struct Door {
    config::Listener listener;
    Endpoint local;  ///< with the port that was really bound
    size_t number = 0;
    ServerTls tls;
  };
  struct Bound {
    config::Listener listener;
    net::Listener socket;
    ServerTls tls;
    std::shared_ptr<const receive::Settings> settings;
  };
  Daemon(std::string config_file, config::Config config);

  [[nodiscard]] Status bind_listeners();
  [[nodiscard]] Status open_store();
  [[nodiscard]] Status open_resolver();
  void make_rooms();
  [[nodiscard]] std::vector<ClientDoor> client_doors() const;
  [[nodiscard]] Status open_doors();
  [[nodiscard]] Status open_control();
  [[nodiscard]] Status start_threads();
  void announce_ready();

  // reload.cc
  [[nodiscard]] control::ReloadAnswer reload();
  [[nodiscard]] control::ReloadAnswer refuse_reload(const config::Errors& errors);
  [[nodiscard]] Status apply(const config::Config& next, config::Recipients listed,
                             control::ReloadAnswer& answer);
  [[nodiscard]] Status reload_doors(const config::Config& next, control::ReloadAnswer& answer);
  void apply_to_conductor(std::shared_ptr<const config::Config> next);
  [[nodiscard]] Status read_recipients();

  void watch_overload();  // watch_overload.cc

  // stop.cc
  void begin_stop();
  void end_lookups();
  void watch_stop();
  void prune_ledger();
  void look_at_places();
  void tear_down();

  [[nodiscard]] std::shared_ptr<const config::Config> config() const { return config_.load(); }
  [[nodiscard]] std::vector<Endpoint> listening() const;
  [[nodiscard]] static net::Task<void> serve_control(Daemon* self, std::shared_ptr<net::Listener> listener,
                                                     control::Access access);
  [[nodiscard]] static net::Task<void> serve_client(Daemon* self, net::Stream stream, control::Access access);
  void watch_signals();

  std::string config_file_;
  Published<const config::Config> config_;
  const std::shared_ptr<const config::Config> running_;  ///< that of the start: what no reload changes is its
  SystemClock clock_;
  Time started_;
  Time config_loaded_;
  Counters counters_;
  IdSource ids_{clock_};
  RealFs files_;
  Overload overload_{clock_};
  PolicyGate gate_;
  config::Recipients listed_;  ///< what local_ was made of; control loop only
  std::shared_ptr<const LocalMail> local_ = std::make_shared<const LocalMail>();  ///< the same
  std::string phase_ = "starting";                                                ///< control loop only

  // Ends last to first: see tear_down().
  std::unique_ptr<queue::RocksStore> store_;
  std::unique_ptr<learn::Store> learnt_;  ///< never null after open_store()
  std::unique_ptr<ClientsGate> clients_;
  std::unique_ptr<SpoolIntake> intake_;
  std::unique_ptr<receive::SessionRegistry> sessions_;
  std::vector<std::unique_ptr<net::Loop>> io_loops_;
  std::unique_ptr<net::Loop> conductor_loop_;
  std::unique_ptr<net::Loop> control_loop_;
  std::unique_ptr<net::Loop> reader_loop_;   ///< reads of the spool for the API, one after the other
  std::unique_ptr<net::Loop> auditor_loop_;  ///< those that take minutes: custody, the ledger's pruning
  std::unique_ptr<net::Loop> mailbox_loop_;  ///< small reads of mailboxes, whose disks may hang
  std::unique_ptr<ResolverHolder> resolver_;
  std::unique_ptr<Targeter> targeter_;
  Overlay overlay_;  ///< what the resolver's overlay was made of; control loop only
  BackupPlaces places_;
  std::unique_ptr<PrimaryPlaces> primaries_;
  std::unique_ptr<BackupRecipients> backup_;
  std::unique_ptr<MailboxRoom> room_;
  std::unique_ptr<Conductor> conductor_;
  std::unique_ptr<deliver::Manager> manager_;
  std::unique_ptr<Drainer> drainer_;
  std::unique_ptr<receive::Server> server_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<control::Service> service_;

  std::vector<Bound> bound_;  ///< until open_doors() hands them over
  std::vector<Door> doors_;
  std::shared_ptr<net::Listener> control_listener_;
  std::shared_ptr<net::Listener> http_listener_;
  std::vector<std::thread> threads_;
  std::thread signal_thread_;
  std::atomic<bool> ending_{false};
  size_t control_connections_ = 0;
  std::vector<net::Loop::Timer> retiring_;  ///< resolvers that were replaced, until their questions are over
  net::Loop::Timer prune_timer_;
  net::Loop::Timer places_timer_;
  net::Loop::Timer overload_timer_;
  net::Loop::Timer stop_timer_;
  Steady stop_deadline_{};
  bool conductor_stopped_ = false;
};

}  // namespace waybill::daemon
