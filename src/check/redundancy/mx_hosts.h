// mx_hosts.h: the MX hosts of a domain by preference, with their addresses: what most checks of redundancy
// look at.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "check/check.h"

namespace waybill::check::redundancy {

struct MxHost {
  dns::Mx mx;
  Look::Addresses addresses;
};
using MxTiers = std::map<uint16_t, std::vector<MxHost>>;

/// A host that is listed twice stands at its best preference only. Null when answers are open, when they
/// could not be had (reported), and when the domain has no MX host (skipped). A host whose addresses are
/// unknown is among them.
[[nodiscard]] std::optional<MxTiers> mx_tiers(const Subject& subject, Look& look, Report& report);

}  // namespace waybill::check::redundancy
