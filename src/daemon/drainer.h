// drainer.h: ETRN's other end: may this client ask for that domain's mail, how much waits, and then the
// drain.
//
// Thread rule: etrn() on any session's loop; the spool is read on the conductor's, where the drain begins. A
// reload swaps the configuration. Never says how much waits to a client that may not ask.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/published.h"
#include "config/config.h"
#include "deliver/manager.h"
#include "queue/store.h"
#include "receive/etrn.h"

namespace waybill::daemon {

class Drainer final : public receive::Drains {
 public:
  /// All outlive it.
  Drainer(net::Loop& conductor, const queue::Store& store, deliver::Manager& manager)
      : conductor_(conductor), store_(store), manager_(manager) {}
  void configure(std::shared_ptr<const config::Config> config) { config_.store(std::move(config)); }
  /// From now on 458.
  void stop() { stopping_ = true; }
  void etrn(const receive::ClientFacts& client, const receive::EtrnNode& node, Answer answer) override;

 private:
  [[nodiscard]] mail::Reply drain(const std::string& asked, const std::vector<mail::Domain>& domains);

  net::Loop& conductor_;
  const queue::Store& store_;
  deliver::Manager& manager_;
  Published<const config::Config> config_{std::make_shared<const config::Config>()};
  std::atomic<bool> stopping_{false};
};

}  // namespace waybill::daemon
