// virtual_dns.h: the DNS of a rehearsal: records and failures that come and go by the clock. Answers within
// resolve(), except timeouts, which take theirs. Aliases are followed as a resolver would. Absence is
// distinguished: a name exists if anything stands at it or below. One thread.
#pragma once

#include <map>

#include "dns/resolver.h"
#include "net/virtual_world.h"
#include "rehearse/recorder.h"
#include "rehearse/scenario.h"

namespace waybill::rehearse {

class VirtualDns final : public dns::Resolver {
 public:
  /// All outlive it. `start`: the steady time of the scenario's zero.
  VirtualDns(const Scenario& scenario, net::VirtualWorld& world, Steady start, Recorder& recorder);
  void resolve(const dns::Question& question, Done done) override;

 private:
  [[nodiscard]] Millis elapsed() const { return world_.now() - start_; }
  [[nodiscard]] const DnsFault* fault(const dns::Name& name, dns::Type type, Millis at) const;
  [[nodiscard]] dns::Answer answer(const dns::Question& question, Millis at, Millis& after) const;
  [[nodiscard]] bool exists(const dns::Name& name, Millis at) const;

  const Scenario& scenario_;
  net::VirtualWorld& world_;
  Steady start_;
  Recorder& recorder_;
  std::multimap<dns::Name, DnsRecord> records_;
  std::multimap<dns::Name, const DnsFault*> faults_;
  std::multimap<dns::Name, Window> existing_;  ///< every name with something at it or below
};

}  // namespace waybill::rehearse
