// router.h: where mail goes in a rehearsal: the real planner over the virtual DNS, its plans kept as long as
// their records hold, equals dealt anew for each delivery; what daemon/ does, without a configuration file.
// One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "deliver/targets.h"
#include "dns/resolver.h"
#include "net/virtual_world.h"
#include "rehearse/scenario.h"
#include "route/plan.h"
#include "route/shuffle.h"

namespace waybill::rehearse {

class Router final : public deliver::Router {
 public:
  /// All outlive it.
  Router(const Scenario& scenario, net::VirtualWorld& world, dns::Resolver& resolver);
  void targets(const mail::Delivery& delivery, Done done) override;

 private:
  struct Kept {
    deliver::TargetsPtr targets;
    Steady until;
  };
  struct Asking {
    route::Request request;
    std::string entry;  ///< of the table, as it calls itself; empty: none applies
  };
  [[nodiscard]] Result<Asking> request(const mail::Delivery& delivery);
  void planned(const std::string& key, const route::Plan& plan);

  const Scenario& scenario_;
  net::VirtualWorld& world_;
  dns::Resolver& resolver_;
  route::Self self_;
  std::set<std::string> backup_domains_;
  route::Random random_;
  std::map<std::string, Kept> kept_;
  std::map<std::string, std::vector<Done>> asked_;  ///< one question for all who wait for it
};

}  // namespace waybill::rehearse
