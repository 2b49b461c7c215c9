// conductor.h: keeps mail moving in a rehearsal as daemon/conductor does: due recipients to delivery,
// outcomes to the store, reports to their senders, what waited to a host that is back. Inner part of the
// engine; one thread. The store is in memory and commits at once, so nothing waits for a disk here.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/id.h"
#include "bounce/report.h"
#include "deliver/manager.h"
#include "handover/fresh.h"
#include "net/virtual_world.h"
#include "queue/memory_store.h"
#include "queue/scheduler.h"
#include "rehearse/recorder.h"
#include "rehearse/scenario.h"

namespace waybill::rehearse {

class Conductor {
 public:
  /// All outlive it.
  Conductor(const Scenario& scenario, net::Loop& loop, ManualClock& clock, deliver::Router& router,
            Recorder& recorder);
  ~Conductor();

  /// One new message. Errors: invalid (an address), or the store's.
  [[nodiscard]] Status inject(const Injection& injection, uint64_t number);
  /// Hosts that delivery remembers as failing.
  [[nodiscard]] std::vector<deliver::HostStatus> failing_hosts() const { return manager_.status().hosts; }
  [[nodiscard]] bool idle() const { return queued_ == 0; }
  /// Balances the ledger of what has ended, and forgets it. By itself every now and then; once more at the
  /// end.
  void audit();
  [[nodiscard]] const std::vector<std::string>& custody_faults() const { return custody_faults_; }
  /// The first thing that must never happen, if it did.
  [[nodiscard]] const Status& fault() const { return fault_; }

 private:
  void take(handover::Fresh fresh);
  void pump();
  void pump_soon();
  void finished(const mail::DeliveryResult& result);
  [[nodiscard]] std::vector<handover::Fresh> add_reports(const queue::Plan& plan,
                                                         queue::Transaction& transaction);
  void commit(queue::Transaction transaction);
  void release(const std::vector<mail::Domain>& domains);
  void depth(int64_t change);
  [[nodiscard]] Millis elapsed() const { return clock_.steady() - start_; }

  const Scenario& scenario_;
  net::Loop& loop_;
  ManualClock& clock_;
  Recorder& recorder_;
  Steady start_;
  IdSource ids_;
  bounce::Settings bounce_;
  queue::MemoryStore store_;
  queue::Scheduler scheduler_;
  RealFs files_;  ///< delivery wants one; a rehearsal has no mailboxes
  deliver::Manager manager_;
  std::map<uint64_t, Chunk> bodies_;  ///< by size: messages of one size share one
  net::Loop::Timer wake_;
  std::optional<Time> wake_at_;
  bool pump_posted_ = false;
  uint64_t queued_ = 0;
  uint64_t commits_to_audit_ = 0;  ///< until the next one
  std::vector<std::string> custody_faults_;
  Status fault_;
};

}  // namespace waybill::rehearse
