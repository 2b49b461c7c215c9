// options.h: how the DNS is to be asked. The daemon fills it from [dns], the verbs from --server and --zone.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"

namespace waybill::resolve {

enum class Mode : uint8_t {
  recursive,  ///< from the root servers down
  forward,    ///< ask `servers`, which do the work
};

struct Options {
  Mode mode = Mode::recursive;
  std::vector<Endpoint> servers;  ///< for forward; empty: those of /etc/resolv.conf
  /// Validate against the root's keys (or trust_anchors). A lab whose names no signed parent delegates must
  /// turn it off: the root proves that `test.` does not exist.
  bool dnssec = true;
  std::vector<std::string> trust_anchors;  ///< DS or DNSKEY records in text form; empty: IANA's root keys
  std::vector<std::string> zones;          ///< overlay: answered from these zone files instead of the network
  Millis timeout{15'000};                  ///< for one question, whatever happens below
  size_t cache_entries_max = 100'000;
  Seconds failure_ttl{5};  ///< how long a failure is remembered; kept within 1 s to 5 min (RFC 9520 3.2)
};

}  // namespace waybill::resolve
