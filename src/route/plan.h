// plan.h: the answer to "where does this domain's mail go?", with the reasons for it. A value that can be
// cached for ttl_s, printed, compared and replayed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "dns/name.h"
#include "mail/outcome.h"

namespace waybill::route {

/// `discard` and `hold` come from the route table alone.
enum class Verdict : uint8_t { deliver, defer, bounce, discard, hold };
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// What the verdict rests on. Those up to `bogus` are also the states that `waybill lookup` reports.
enum class Why : uint8_t {
  ok,
  no_domain,      ///< NXDOMAIN
  no_mail,        ///< it exists, but nothing takes mail for it
  null_mx,        ///< it says that it takes no mail (RFC 7505)
  temp_failure,   ///< the DNS could not say
  bogus,          ///< DNSSEC says the answer is forged or broken
  alias_loop,     ///< CNAMEs that end nowhere
  loops_to_self,  ///< we are the best MX, yet not the final destination
  not_an_mx,      ///< we are set up as a backup, yet none of the MXs is known to be us
  reserved_only,  ///< every address is loopback or the like
  family_off,     ///< every address is of a family that is off here
  down,           ///< every host is taken as unreachable (what-if)
  bad_route,      ///< our own route table leads nowhere
  by_route,       ///< our own route table says: discard, hold or refuse
  undecided,      ///< a bug of ours that we survived
};
[[nodiscard]] std::string_view to_string(Why why);

enum class HostSource : uint8_t { mx, implicit, null, literal, route };
[[nodiscard]] std::string_view to_string(HostSource source);

enum class HostStatus : uint8_t {
  ok,
  no_address,    ///< the DNS says: none
  temp_failure,  ///< the DNS could not say (or said forged)
  invalid,       ///< not a host name: the root, odd octets, a CNAME loop
  is_self,
  not_better,      ///< its preference is no better than our own
  already_listed,  ///< all its addresses stand behind an earlier host
  reserved,        ///< only loopback or the like, which a foreign domain may not point us at
  family_off,      ///< only addresses of a family that is off here
  down,            ///< what-if
  over_limit,      ///< never looked up: too many hosts before it
};
[[nodiscard]] std::string_view to_string(HostStatus status);

struct Address {
  IpAddress ip;
  uint32_t ttl_s = 0;
  bool usable = true;  ///< false: reserved, family off, or down
  bool operator==(const Address&) const = default;
};

struct Host {
  dns::Name name;
  HostStatus status = HostStatus::ok;
  std::vector<Address> addresses;  ///< in the order of trying: families alternate, IPv6 first (RFC 8305 4)
  dns::Name canonical;             ///< differs from `name` if that is a CNAME (RFC 2181 10.3)
  bool secure = false;             ///< DNSSEC proved both address answers (RFC 7672 2.2.2)
  bool bogus = false;              ///< temp_failure because DNSSEC said so
  double first_share = 0;          ///< of sends that try this host first
  std::string note;                ///< why the status is not ok
};

/// Hosts of one preference: equals, in this plan's shuffled order.
struct Tier {
  uint16_t preference = 0;
  std::vector<Host> hosts;
  uint16_t via = 0;  ///< which of the route's ways it belongs to, from 0
};

/// One connection to try. `host` is empty for an address literal.
struct Attempt {
  std::string host;
  IpAddress ip;
  uint16_t port = 25;
  uint16_t preference = 0;
  double first_share = 0;  ///< of all sends, those that try this address first
  bool secure = false;     ///< of the host's addresses; with Plan::mx_secure: DANE may apply
  uint16_t via = 0;        ///< of its tier
};

/// One step of the explanation.
struct Reason {
  std::string rule;  ///< "mx.null", "self.found": stable, for programs
  std::string ref;   ///< "RFC 7505 3"; empty: our own policy
  std::string text;  ///< for people
  bool operator==(const Reason&) const = default;
};

struct Plan {
  Verdict decision = Verdict::defer;
  Why why = Why::undecided;
  uint16_t code = 0;              ///< SMTP code for defer and bounce: 451, 550, 554, 556; 0 for deliver
  mail::EnhancedStatus enhanced;  ///< of defer and bounce
  std::string reason;             ///< one sentence for people
  HostSource source = HostSource::mx;
  std::vector<Tier> tiers;        ///< ascending preference; every host found, whatever its status
  std::vector<Attempt> attempts;  ///< what to try, in order; never empty when the decision is deliver
  std::vector<Reason> steps;
  bool mx_secure = false;  ///< DNSSEC proved the MX answer, or a static route names the host
  bool secure = false;     ///< and the addresses of all usable hosts
  uint32_t ttl_s = 0;      ///< how long this plan holds; 0 for what is unknown
  /// Names the set of MX hosts, the port and nothing else: domains with the same key share connections.
  /// The same whatever the seed and the state of the hosts. Empty unless there is any host.
  std::string site_key;

  /// Defer and bounce as the outcome of an attempt that reached no host.
  [[nodiscard]] mail::Outcome outcome() const;
};

}  // namespace waybill::route
