// manager_impl.h: the conductor's state. On its loop only.
#pragma once

#include <deque>
#include <unordered_map>

#include "deliver/host_memory.h"
#include "deliver/maildir_workers.h"
#include "deliver/manager.h"
#include "deliver/site.h"

namespace waybill::deliver {

class Manager::Impl : public std::enable_shared_from_this<Manager::Impl> {
 public:
  Impl(net::Loop& conductor, std::vector<net::Loop*> io_loops, Router& router, FileSystem& files,
       Settings settings, SiteBack site_back);
  void begin();

  void start(mail::DeliveryPtr delivery, mail::DeliveryDone done);
  void reconfigure(Settings settings);
  void probe_now(const std::string& address);
  void drain(const mail::Domain& domain);
  void sign_in_again(const std::set<std::string>& accounts);
  void recovery(const mail::Delivery& asked, RecoveryDone done);
  [[nodiscard]] ManagerStatus status() const;
  [[nodiscard]] std::vector<mail::DeliveryPtr> take_back(const Wanted& wanted);
  [[nodiscard]] std::string why_waiting(const Wanted& wanted) const;
  void stop(Steady deadline, std::move_only_function<void()> done);
  void shut();

 private:
  // manager.cc: deliveries in and out
  void on_targets(JobPtr job, const TargetsPtr& targets);
  void enqueue(JobPtr job, const TargetsPtr& targets);
  void take_reports(std::vector<Report> reports);
  void on_report(Report& report);
  void on_done(Report& report);
  void on_returned(Report& report);
  void finish(JobPtr job, const mail::Outcome& otherwise);
  void answer(JobPtr job);
  void flush_answers();
  void check_stopped();

  // manager_sites.cc: connections
  enum class Walked : uint8_t { begun, nobody_left };
  Site& site(const std::string& key);
  [[nodiscard]] UseTls tls_use(const Targets& targets, const Peer& peer) const;
  void pump(Site& site);
  /// What nobody is on the way for goes to whoever is idle, or to a new connection.
  void rouse(Site& site);
  /// The host whose turn it is by this delivery's own order, leaving out what is known to be down.
  [[nodiscard]] std::string wish_of(const Targets& targets) const;
  /// Begins a connection to the wished host beside those that stand, where pacing allows.
  [[nodiscard]] Walked open_wished(Site& site, const std::string& wish);
  Walked start_walk(Site& site, Walk::Purpose purpose, std::vector<Peer> excluded, size_t tier_max,
                    std::string only = {});
  void advance(Site& site, Walk walk);
  void connect(Site& site, Walk walk);
  void walk_failed(Site& site, Walk walk);
  void site_down(Site& site, const mail::Outcome& why, mail::Fate fate);
  void on_opened(Site& site, const std::shared_ptr<Connection>& connection);
  void on_closed(Site& site, Report& report);
  void walk_lost(Site& site, Walk walk, const Report& report);
  void tell_unauthorized(const Site& site, const Candidate& candidate, const mail::Outcome& why) const;
  void feed_starved();
  void retire_worse(Site& site, size_t tier);
  void tick();
  void tick_waiting(Site& site, Steady now);
  void tick_site(Site& site, Steady now);
  void schedule_tick();
  [[nodiscard]] ConnectionPlan plan_for(const Site& site, const Candidate& candidate, Millis connect_timeout);

  // manager_recovery.cc: one message first, then slowly more
  void note_backlog(Site& site, const Job& job);
  void note_answers(Site& site, const Report& report);
  void judge_proof(Site& site, const std::shared_ptr<Connection>& connection, const Outcomes& outcomes);
  void proof_succeeded(Site& site, const std::shared_ptr<Connection>& connection);
  void proof_failed(Site& site, const std::shared_ptr<Connection>& connection, const mail::Outcome& why);
  void proof_ended(Site& site, const Report& report);
  void begin_ramp(Site& site, double rate);
  void end_recovery(Site& site);
  void ask_for_probe(Site& site, Steady now);
  void tick_recovery(Site& site, Steady now);
  [[nodiscard]] Recovery recovery_of(const Site& site, Steady now) const;

  net::Loop& conductor_;
  std::vector<net::Loop*> io_loops_;
  Router& router_;
  FileSystem& files_;
  Settings settings_;
  SiteBack site_back_;
  std::shared_ptr<Reports> reports_;
  std::unique_ptr<MaildirWorkers> maildir_;
  std::shared_ptr<net::TlsContext> tls_;
  HostMemory memory_;
  std::unordered_map<std::string, std::unique_ptr<Site>> sites_;
  std::map<uint64_t, std::shared_ptr<Connection>> connections_;  ///< every one until its last report
  std::deque<std::string> starved_;                              ///< sites that found connections_max reached
  std::vector<JobPtr> answers_;
  bool answering_ = false;
  size_t deliveries_ = 0;
  uint64_t next_id_ = 1;
  size_t next_loop_ = 0;
  net::Loop::Timer tick_timer_;
  net::Loop::Timer stop_timer_;
  bool stopping_ = false;
  bool aborted_ = false;
  std::move_only_function<void()> stopped_;
};

}  // namespace waybill::deliver
