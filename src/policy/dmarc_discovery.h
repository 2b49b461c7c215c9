// dmarc_discovery.h: which DMARC record speaks for a domain, and what it asks for: the tree walk of RFC 9989
// 4.10 as a pure decision over the DNS's answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dns/answer.h"
#include "policy/dmarc_record.h"

namespace waybill::policy {

/// The domains whose `_dmarc` is asked, in order: the domain, then its last seven labels at most, down to
/// one. Never more than eight.
[[nodiscard]] std::vector<dns::Name> dmarc_walk(const dns::Name& domain);
[[nodiscard]] dns::Name dmarc_owner(const dns::Name& domain);

struct DmarcDiscovery {
  dns::Name organisational;
  std::optional<dns::Name> at;  ///< whose record applies; none: no record does
  std::string text;             ///< that record
  DmarcRecord record;
  std::optional<DmarcPolicy> policy;  ///< what it asks for mail from the domain, t=y not yet applied
  size_t several = 0;                 ///< so many records stand at the domain itself: none counts
  /// What could not be asked. The rest then tells only what was found, and none of it may be called missing.
  std::optional<dns::Question> unknown;
  dns::Answer failed;
};

[[nodiscard]] Step<DmarcDiscovery, dns::Question> discover_dmarc(const dns::Name& domain,
                                                                 const dns::Facts& facts);

}  // namespace waybill::policy
