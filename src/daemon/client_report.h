// client_report.h: what `waybill clients` answers, from what was counted of each client and domain
// (policy/client_record.h). Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/types.h"
#include "daemon/client_rules.h"
#include "daemon/counters.h"
#include "daemon/gate_clients.h"
#include "policy/client_record.h"

namespace waybill::daemon {

class ClientReport {
 public:
  ClientReport(control::ClientsRequest request, const ClientRules& rules)
      : request_(std::move(request)), rules_(rules) {}
  /// `domain` is empty for those that never came to name one.
  void add(const std::string& domain, const std::string& client, const policy::ClientTally& tally);
  [[nodiscard]] control::ClientsAnswer answer(Time now) const;

 private:
  struct Group {
    std::map<std::string, std::vector<policy::ClientTally>> clients;
    policy::PerTest<std::string> actions;
  };
  [[nodiscard]] control::ClientsGroup group(const std::string& name, const Group& from) const;
  [[nodiscard]] control::ClientTestReport test(policy::ClientTest test, const Group& from) const;

  const control::ClientsRequest request_;
  const ClientRules& rules_;
  std::map<std::string, Group> groups_;
  std::map<std::string, Time> clients_;
};

/// The same numbers since the start, for /metrics.
void add_client_gauges(const ClientsGate::Counters& counters, std::vector<Gauge>& out);

}  // namespace waybill::daemon
