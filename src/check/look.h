// look.h: through which a check sees the facts. Whatever is not known yet becomes an open question, and the
// check returns; it is called again when the answers are there. Pure. One Look lives for one round of one
// domain.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "check/facts.h"
#include "mail/address.h"
#include "route/plan.h"

namespace waybill::check {

/// `why` of an answer to a question that the zone at hand alone can't answer (`lint`). Such a check is left
/// out, not unknown.
inline constexpr std::string_view kOutsideTheZone = "outside the zone";

class Look {
 public:
  /// `dns`: those of `facts` that are answers of the DNS, for the router's planner.
  Look(const Facts& facts, const dns::Facts& dns) : facts_(facts), dns_(dns) {}

  /// nullptr: not known yet; return and be called again.
  [[nodiscard]] const dns::Answer* dns(const dns::Name& name, dns::Type type);
  [[nodiscard]] const ServerSaid* server(const AskServer& question);
  [[nodiscard]] const PolicySaid* policy(const dns::Name& domain);
  [[nodiscard]] const ProbeSaid* probe(const AskProbe& question);
  /// The router's own plan for the domain's mail, as a sender with no rules of its own would make it,
  /// reserved addresses shown as they stand. `down`: hosts taken as unreachable.
  [[nodiscard]] const route::Plan* plan(const mail::Domain& domain, const std::vector<dns::Name>& down = {});
  /// Addresses of a name, both families; nullptr while either is open.
  struct Addresses {
    const dns::Answer* v4 = nullptr;
    const dns::Answer* v6 = nullptr;
    std::vector<IpAddress> ips;
    [[nodiscard]] bool unknown() const { return v4->unknown() || v6->unknown(); }
    /// The one that could not be answered. REQUIRES: unknown().
    [[nodiscard]] const dns::Answer& failed() const { return v4->unknown() ? *v4 : *v6; }
  };
  [[nodiscard]] std::optional<Addresses> addresses(const dns::Name& name);
  /// A question like those above for decisions of other rooms that ask by themselves (SPF).
  [[nodiscard]] const dns::Facts& dns_facts() const { return dns_; }
  void open(Questions<dns::Question> questions);

  /// Since the last call; true means that the check has to be called again.
  [[nodiscard]] bool waiting() const { return waiting_; }
  void begin() { waiting_ = false; }
  [[nodiscard]] Questions<Question> questions() const { return {open_.begin(), open_.end()}; }

 private:
  template <class Said>
  const Said* find(Question question);

  const Facts& facts_;
  const dns::Facts& dns_;
  std::set<Question> open_;
  std::map<std::pair<std::string, std::vector<dns::Name>>, route::Plan> plans_;
  bool waiting_ = false;
};

}  // namespace waybill::check
