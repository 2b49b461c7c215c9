// policy_fetch.h: fetches a domain's MTA-STS policy as RFC 8461 3.3 has it: over HTTPS from the host mta-sts
// below the domain, whose certificate must be valid for that name; no redirect is followed. Runs on one loop.
#pragma once

#include <memory>

#include "check/facts.h"
#include "dns/resolver.h"
#include "net/loop.h"
#include "net/tls.h"
#include "probe/places.h"

namespace waybill::probe {

struct PolicyFetch {
  net::Loop& loop;
  dns::Resolver& resolver;  ///< also for the policy host, so that overlays and other servers apply
  Places& places;
  std::shared_ptr<net::TlsContext> tls;  ///< an examining client's
  uint16_t port = 443;
  Millis patience{60'000};  ///< with one address, of which 10 s to connect; RFC 8461 3.3 suggests a minute
};

/// Always an answer; what went wrong is in its `why`. `how` outlives the task.
[[nodiscard]] net::Task<check::PolicySaid> fetch_policy(const PolicyFetch& how, dns::Name domain);

}  // namespace waybill::probe
