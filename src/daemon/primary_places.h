// primary_places.h: whether the MX records of each domain that ends here name this host: mail for a domain
// whose MX is elsewhere would be kept here, and nobody there would know. It is told, and changes nothing: the
// configuration says what is local.
//
// Thread rule: faults() is thread-safe; all else on one loop, or before that runs. Failure: what the DNS does
// not tell is unknown, never a fault. Domains are asked about one after the other, so that thousands of them
// are no burst.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/lab.h"
#include "dns/resolver.h"
#include "net/loop.h"
#include "route/gather.h"

namespace waybill::daemon {

struct PrimaryPlace {
  enum class State : uint8_t {
    here,       ///< this host is one of its MXs
    elsewhere,  ///< others are, and none of them is this host
    null_mx,    ///< the DNS says that it takes no mail (RFC 7505)
    absent,     ///< it has neither MX nor address, or does not exist
    unknown,    ///< the DNS did not tell
  };
  State state = State::unknown;
  std::string why;  ///< one sentence; empty for here
  std::string fix;  ///< what to do; empty for here and unknown
  bool operator==(const PrimaryPlace&) const = default;
};

/// Where a domain that ends here has its MX. Pure; `plan` is what primary_request() led to, `own` this host's
/// name.
[[nodiscard]] PrimaryPlace primary_place(const mail::Domain& domain, const route::Plan& plan,
                                         const mail::Domain& own);
[[nodiscard]] route::Request primary_request(const config::Config& config, const mail::Domain& domain,
                                             const route::Self& self, const Lab& lab);
/// Whether the domain is one to ask about.
[[nodiscard]] bool expects_mx_here(const config::Domain& domain);

class PrimaryPlaces {
 public:
  /// Both outlive it.
  PrimaryPlaces(net::Loop& loop, dns::Resolver& resolver);
  ~PrimaryPlaces();
  PrimaryPlaces(const PrimaryPlaces&) = delete;
  PrimaryPlaces& operator=(const PrimaryPlaces&) = delete;

  /// At start and at every reload; what was found before is told anew if it still holds.
  void configure(std::shared_ptr<const config::Config> config, route::Self self, Lab lab);
  /// Asks about every domain, unless that is under way; what has changed is logged.
  void look();

  /// Domains whose MX is elsewhere or null, each with a sentence that names the fix.
  [[nodiscard]] std::vector<std::string> faults(size_t max) const;

 private:
  void next();
  void note(const mail::Domain& domain, PrimaryPlace place);

  net::Loop& loop_;
  dns::Resolver& resolver_;
  std::shared_ptr<const config::Config> config_;
  route::Self self_;
  Lab lab_;
  std::optional<size_t> at_;               ///< the domain to ask about next; none: no round is under way
  uint64_t generation_ = 0;                ///< a reload ends the round
  std::shared_ptr<PrimaryPlaces*> alive_;  ///< null once we are gone, for answers that come late
  mutable std::mutex mutex_;
  std::map<std::string, PrimaryPlace> places_;  ///< by the domain's text
};

}  // namespace waybill::daemon
