// from_dns.h: a real domain's part of a virtual world: what the DNS says of its MX hosts, as records and
// hosts of a scenario. Pure: the questions come out, the answers go in. Never turns a failed answer into an
// absent one: what could not be found out fails in the virtual world too, and is named.
#pragma once

#include <string>
#include <vector>

#include "base/decide.h"
#include "dns/answer.h"
#include "rehearse/scenario.h"
#include "route/plan.h"
#include "route/request.h"

namespace waybill::rehearse {

/// Whether senders that insist on DANE (RFC 7672) can prove a host, as far as the DNS alone tells.
enum class Dane : uint8_t {
  not_asked,
  proven,    ///< TLSA records, and DNSSEC proves them, the MX and the addresses (RFC 7672 2.2)
  insecure,  ///< TLSA records that DNSSEC does not prove: no sender may use them
  none,      ///< the DNS says: no TLSA records
  unknown,   ///< the DNS could not say
};
[[nodiscard]] std::string_view to_string(Dane dane);

/// One domain as the sender of `request` sees it.
struct Surveyed {
  route::Plan plan;
  dns::Facts facts;  ///< every answer that the plan and `dane` rest on
  struct Host {
    dns::Name name;
    uint16_t preference = 0;
    std::vector<IpAddress> addresses;
    Dane dane = Dane::not_asked;
    bool is_self = false;
  };
  std::vector<Host> hosts;  ///< best first
};

/// The planner's own decision, and the TLSA records of its hosts.
[[nodiscard]] Step<Surveyed, dns::Question> survey_world(const route::Request& request,
                                                         const dns::Facts& facts);

/// Adds the records and hosts to `scenario`; hosts that are ourselves, or whose addresses all stand behind
/// another host, get no server of their own. Returns what the DNS could not say, one line each ("MX
/// example.org: SERVFAIL"): in this world those questions fail all along.
std::vector<std::string> add_world(const Surveyed& surveyed, Scenario& scenario);

/// Short names for hosts: the first label where it is the only one of its kind, else the whole name.
void label_hosts(Scenario& scenario);

}  // namespace waybill::rehearse
