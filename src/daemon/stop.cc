// stop.cc: the end of the daemon: what is under way may finish within shutdown_grace; nothing accepted is
// lost, because it is on disk since its 250.
#include <csignal>
#include <future>

#include "base/log.h"
#include "daemon/daemon.h"

namespace waybill::daemon {
namespace {
constexpr Millis kStopPoll{20};
constexpr std::chrono::hours kPruneEvery{1};
constexpr std::chrono::minutes kPlacesEvery{15};
}  // namespace

void Daemon::begin_stop() {
  if (phase_ == "stopping") {
    stop_deadline_ = net::steady_now();  // asked twice: somebody is in a hurry
    return;
  }
  phase_ = "stopping";
  const Millis grace = config()->shutdown_grace;
  log::info("stopping", {{"grace", format_duration(grace)}, {"sessions", sessions_->active()}});
  stop_deadline_ = net::deadline_in(grace);
  server_->stop();
  drainer_->stop();
  conductor_loop_->post([this] {
    conductor_->stop(stop_deadline_, [this] { control_loop_->post([this] { conductor_stopped_ = true; }); });
    control_loop_->post([this] { end_lookups(); });
  });
  watch_stop();
}

// A delivery that still waits for the DNS has nothing to finish: its recipients stay as they are. Once the
// conductor stops, what the resolver fails is no outcome any more.
void Daemon::end_lookups() {
  retiring_.clear();
  resolver_->replace(nullptr).reset();
}

// Sessions and deliveries end on their own loops; this looks until both have.
void Daemon::watch_stop() {
  const bool late = net::steady_now() >= stop_deadline_;
  if (late) sessions_->kill_sessions();
  const bool sessions_ended = sessions_->active() == 0;
  const bool give_up = net::steady_now() >= stop_deadline_ + Seconds{5};
  if ((sessions_ended && conductor_stopped_) || give_up) {
    if (give_up) log::warning("some connections did not end in time", {{"sessions", sessions_->active()}});
    control_loop_->stop();
    return;
  }
  stop_timer_ = control_loop_->after(kStopPoll, [this] { watch_stop(); });
}

void Daemon::prune_ledger() {
  auditor_loop_->post([this, before = clock_.now() - config()->queue.ledger_keep] {
    if (auto pruned = store_->prune_ledger(before); !pruned) {
      if (pruned.error().code == Errc::closed) return;  // the next start goes on with it
      log::warning("cannot prune the ledger", {{"why", pruned.error().what}});
    } else if (*pruned > 0) {
      log::info("ledger pruned", {{"events", *pruned}});
    }
  });
  prune_timer_ = control_loop_->after(kPruneEvery, [this] { prune_ledger(); });
}

// An idle backup plans nothing, and would learn of a mistake in the MX records in the very night of the
// outage. Nor would anybody tell of a domain that ends here that its MX records have moved away.
void Daemon::look_at_places() {
  conductor_loop_->post([this] {
    targeter_->look_at_backups();
    primaries_->look();
  });
  places_timer_ = control_loop_->after(kPlacesEvery, [this] { look_at_places(); });
}

Daemon::~Daemon() { tear_down(); }

// The order matters: first all threads but the store's and the resolver's are over; then these two have
// answered everything (their answers post to loops that no longer run, but still exist); then what holds
// timers and streams of the loops goes, then the loops with the frames of what was abandoned, then the rest.
void Daemon::tear_down() {
  for (const auto& loop : io_loops_) loop->stop();
  if (conductor_loop_) conductor_loop_->stop();
  if (reader_loop_) reader_loop_->stop();
  if (auditor_loop_) auditor_loop_->stop();
  if (mailbox_loop_) mailbox_loop_->stop();
  if (store_) store_->end_scans();  // or a large spool's would hold up the end for minutes
  for (std::thread& thread : threads_) thread.join();
  if (signal_thread_.joinable()) {
    ending_ = true;
    pthread_kill(signal_thread_.native_handle(), SIGTERM);
    signal_thread_.join();
  }
  if (store_) {
    // Shared: set_value() may still be returning on the store's thread when wait() is over here.
    const auto answered = std::make_shared<std::promise<void>>();
    store_->commit(queue::Transaction{}, [answered](const Status&) { answered->set_value(); });
    answered->get_future().wait();
  }
  retiring_.clear();
  if (resolver_) resolver_->replace(nullptr).reset();
  service_.reset();
  backend_.reset();
  server_.reset();
  drainer_.reset();
  manager_.reset();
  conductor_.reset();
  backup_.reset();
  room_.reset();
  primaries_.reset();
  targeter_.reset();
  prune_timer_ = {};
  places_timer_ = {};
  overload_timer_ = {};
  stop_timer_ = {};
  control_listener_.reset();
  http_listener_.reset();
  bound_.clear();
  io_loops_.clear();
  conductor_loop_.reset();
  reader_loop_.reset();
  auditor_loop_.reset();
  mailbox_loop_.reset();
  control_loop_.reset();
  sessions_.reset();
  intake_.reset();
  clients_.reset();
  learnt_.reset();
  store_.reset();
  if (phase_ != "starting") log::info("stopped");  // a start that failed began nothing
}

}  // namespace waybill::daemon
