// targeter.h: answers delivery's question "where does this domain's mail go?": local mailboxes from the
// configuration, else the planner's result, kept for as long as its records hold.
//
// Thread rule: everything on the conductor's loop; the resolver's answers hop back onto it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "daemon/lab.h"
#include "daemon/local_mail.h"
#include "deliver/targets.h"
#include "dns/resolver.h"
#include "net/loop.h"
#include "route/gather.h"
#include "route/shuffle.h"
#include "route/table.h"

namespace waybill::daemon {

class Targeter final : public deliver::Router {
 public:
  /// `loop` and `resolver` outlive it.
  Targeter(net::Loop& loop, dns::Resolver& resolver, const Clock& clock);
  ~Targeter() override;

  /// At start and at every reload; what was planned before is forgotten.
  void configure(std::shared_ptr<const config::Config> config, route::Self self, Lab lab,
                 const LocalMail& local);
  /// Told of every plan for a backup domain by its MX records. Once, before the loop runs.
  using OnBackupPlan = std::function<void(const mail::Domain& domain, const route::Plan& plan)>;
  void on_backup_plan(OnBackupPlan tell) { on_backup_plan_ = std::move(tell); }
  /// Plans for every backup domain, so that they are told of.
  void look_at_backups();
  /// Every plan is made anew: an operator has flushed what they were made from.
  void forget();
  void targets(const mail::Domain& domain, const std::string& route_pin, Done done) override;
  /// The plan for one domain with all its reasons, for `queue why`. Uses the same request as targets().
  void explain(const mail::Domain& domain, const std::string& route_pin,
               std::function<void(route::Plan)> done);
  /// Which pattern of the route table applies; for explanations.
  [[nodiscard]] std::string matched_pattern(const mail::Domain& domain) const;

 private:
  struct Kept {
    deliver::TargetsPtr targets;
    Steady until;
  };

  [[nodiscard]] deliver::TargetsPtr local(const mail::Domain& domain, const LocalMail& mail) const;
  [[nodiscard]] route::Role role_of(const mail::Domain& domain) const;
  [[nodiscard]] Result<route::Request> request(const mail::Domain& domain, const std::string& route_pin);
  void planned(const std::string& key, const route::Plan& plan);
  void tell(const mail::Domain& domain, const std::string& route_pin, const route::Plan& plan) const;

  net::Loop& loop_;
  dns::Resolver& resolver_;
  const Clock& clock_;
  std::shared_ptr<const config::Config> config_;
  route::RouteTable table_;
  route::Self self_;
  Lab lab_;
  std::unordered_map<std::string, Kept> kept_;
  std::unordered_map<std::string, std::vector<Done>> asked_;  ///< one question for all who wait for it
  std::unordered_map<std::string, deliver::TargetsPtr> local_;
  OnBackupPlan on_backup_plan_;
  route::Random random_;
  uint64_t generation_ = 0;           ///< answers to questions from before a reload or flush are not kept
  std::shared_ptr<Targeter*> alive_;  ///< null once we are gone, for answers that come late
};

}  // namespace waybill::daemon
