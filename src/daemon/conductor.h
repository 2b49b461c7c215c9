// conductor.h: keeps mail moving: fresh messages and due ones to delivery, outcomes to the spool, reports to
// their senders. All decisions are queue/'s, deliver/'s and bounce/'s; this only joins them.
//
// Thread rule: everything on its loop, except announce(), which is thread-safe.
// Failure: a commit that the disk refuses is repeated until it succeeds; until then its recipients are
// neither forgotten nor tried again, because what was delivered must not be delivered twice, and nothing else
// is handed out, because all of that would be delivered twice after a crash.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "bounce/report.h"
#include "daemon/counters.h"
#include "daemon/inbox.h"
#include "daemon/intake.h"
#include "deliver/manager.h"
#include "handover/backscatter.h"
#include "queue/operate.h"
#include "queue/scheduler.h"

namespace waybill::daemon {

class Conductor {
 public:
  struct Settings {
    queue::Schedule schedule;
    queue::SchedulerLimits limits;
    bounce::Settings bounce;
    handover::Quiet quiet;  ///< of whom a stranger hears nothing when a primary refuses; null: of nobody
    std::shared_ptr<const LocalMail> local = std::make_shared<const LocalMail>();
  };
  /// All references outlive it.
  Conductor(net::Loop& loop, queue::Store& store, IdSource& ids, const Clock& clock, Counters& counters,
            Settings settings);
  ~Conductor();

  /// Once, before start(): the manager needs our loop and we need the manager.
  void set_manager(deliver::Manager& manager) { manager_ = &manager; }
  /// Reads the spool and begins.
  void start();
  void reconfigure(Settings settings);
  /// A message is durable: take it on. Thread-safe.
  void announce(Fresh fresh) { fresh_.put(std::move(fresh)); }
  /// These domains' host is back.
  void release(const std::vector<mail::Domain>& domains);

  /// Applies an operator's action to everything that matches, a page at a time. `done` on this loop.
  struct Acted {
    uint64_t matched = 0;
    uint64_t acted = 0;
    uint64_t later = 0;
    uint64_t unchanged = 0;
    Status status;
  };
  void act(queue::Action action, queue::Selector selector, std::function<void(Acted)> done);

  /// Hands out nothing more; `done` once every result of what was under way is committed, or at the
  /// deadline.
  void stop(Steady deadline, std::function<void()> done);

  [[nodiscard]] const queue::Scheduler& scheduler() const { return scheduler_; }
  /// What a recipient that is handed out waits for; empty: it is on a connection, or not handed out.
  [[nodiscard]] std::string why_waiting(queue::RecipientKey key) const;

 private:
  struct Pending;
  struct Acting;
  void take_fresh(std::vector<Fresh> fresh);
  void pump();
  void pump_soon();
  void finished(mail::DeliveryResult result);
  void commit(std::shared_ptr<Pending> pending);
  void committed(std::vector<std::shared_ptr<Pending>> pending);
  void refused(const std::shared_ptr<Pending>& pending);
  void set_failing(Pending& pending, bool failing);
  [[nodiscard]] bool leave_out_lost(Pending& pending);
  void act_on_page(std::shared_ptr<Acting> acting);
  void take_back(const std::vector<queue::RecipientKey>& keys, Time now);
  void count(const queue::Plan& plan, const mail::DeliveryResult& result);
  void end_if_idle();

  net::Loop& loop_;
  queue::Store& store_;
  IdSource& ids_;
  const Clock& clock_;
  Counters& counters_;
  Settings settings_;
  queue::Scheduler scheduler_;
  deliver::Manager* manager_ = nullptr;
  Inbox<Fresh> fresh_;
  Inbox<std::shared_ptr<Pending>> answered_;
  net::Loop::Timer wake_;
  std::optional<Time> wake_at_;
  std::vector<net::Loop::Timer> retries_;
  size_t uncommitted_ = 0;
  size_t failing_ = 0;  ///< transactions with outcomes that the store refused, and that are tried again
  bool pump_posted_ = false;
  bool stopping_ = false;
  bool deliveries_ended_ = false;
  std::function<void()> stopped_;
  net::Loop::Timer stop_timer_;
};

}  // namespace waybill::daemon
