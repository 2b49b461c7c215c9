// targeter.h: answers delivery's question "where does this domain's mail go?": local mailboxes from the
// configuration, else the planner's result, kept for as long as its records hold.
//
// Thread rule: everything on the conductor's loop; the resolver's answers hop back onto it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/config.h"
#include "daemon/lab.h"
#include "daemon/local_mail.h"
#include "daemon/routes.h"
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
  /// `channels`: read_channels() of the same configuration.
  void configure(std::shared_ptr<const config::Config> config, route::Self self, Lab lab,
                 std::vector<Channel> channels, const LocalMail& local);
  /// Once after each configure(): domains whose mail waited for a fault of an entry (Channel::fault) that it
  /// has no more.
  [[nodiscard]] std::vector<mail::Domain> take_mended() { return std::exchange(mended_, {}); }
  /// Entries that can't be used, each with the reason, in sentences.
  [[nodiscard]] std::vector<std::string> faults() const;
  /// Told of every plan for a backup domain by its MX records. Once, before the loop runs.
  using OnBackupPlan = std::function<void(const mail::Domain& domain, const route::Plan& plan)>;
  void on_backup_plan(OnBackupPlan tell) { on_backup_plan_ = std::move(tell); }
  /// Plans for every backup domain, so that they are told of.
  void look_at_backups();
  /// Every plan is made anew: an operator has flushed what they were made from.
  void forget();
  void targets(const mail::Delivery& delivery, Done done) override;
  /// One piece of mail, as far as its route depends on it.
  struct Asked {
    mail::Domain domain;
    mail::ReversePath sender;
    std::string listener;
    std::string route_pin;
    bool released = false;
  };
  /// The plan with all its reasons, for `queue why`. Uses the same request as targets().
  void explain(const Asked& asked, std::function<void(route::Plan)> done);

 private:
  struct Kept {
    deliver::TargetsPtr targets;
    Steady until;
  };

  [[nodiscard]] deliver::TargetsPtr local(const mail::Domain& domain, const LocalMail& mail) const;
  [[nodiscard]] route::Role role_of(const mail::Domain& domain) const;
  /// Which way mail goes, through which entry's channel, and under what the plan is kept.
  struct Decided {
    route::Way way;
    route::Choice choice;
    const Channel* channel = nullptr;  ///< none: as [deliver] says
    std::string key;
  };
  [[nodiscard]] route::Query query_of(const Asked& asked) const;
  [[nodiscard]] Result<Decided> decide(const Asked& asked) const;
  [[nodiscard]] route::Request request_of(const mail::Domain& domain, route::Way way);
  [[nodiscard]] const Channel* channel_to(const route::Way& way) const;
  void planned(const std::string& key, const mail::Domain& domain, const Channel* channel,
               const route::Plan& plan);
  void note_fault(const std::string& fault, const mail::Domain& domain);
  [[nodiscard]] bool has_fault(const std::string& fault) const;
  void tell(const mail::Domain& domain, const route::Plan& plan) const;

  net::Loop& loop_;
  dns::Resolver& resolver_;
  const Clock& clock_;
  std::shared_ptr<const config::Config> config_;
  route::RouteTable table_;
  std::vector<Channel> channels_;  ///< by Entry::number
  route::Self self_;
  Lab lab_;
  std::unordered_map<std::string, Kept> kept_;
  std::unordered_map<std::string, std::vector<Done>> asked_;  ///< one question for all who wait for it
  std::unordered_map<std::string, deliver::TargetsPtr> local_;
  std::map<std::string, std::set<mail::Domain>> faulted_;  ///< by Channel::fault: whose mail waits for that
  std::vector<mail::Domain> mended_;
  OnBackupPlan on_backup_plan_;
  route::Random random_;
  uint64_t generation_ = 0;           ///< answers to questions from before a reload or flush are not kept
  std::shared_ptr<Targeter*> alive_;  ///< null once we are gone, for answers that come late
};

}  // namespace waybill::daemon
