// applied.h: the DMARC record that speaks for the domain, its own or that of a domain above, as the checks of
// DMARC share it.
#pragma once

#include <optional>
#include <string>

#include "check/check.h"
#include "policy/dmarc_discovery.h"

namespace waybill::check::dmarc {

/// nullopt: open, or unknown, which is then reported. A record of the domain's own counts whatever could not
/// be asked above it.
[[nodiscard]] std::optional<policy::DmarcDiscovery> discover(const Subject& subject, Look& look,
                                                             Report& report);
/// The same, and a record speaks for the domain. Where none does, dmarc.none tells.
[[nodiscard]] std::optional<policy::DmarcDiscovery> applied(const Subject& subject, Look& look,
                                                            Report& report);
/// And it is the domain's own.
[[nodiscard]] std::optional<policy::DmarcDiscovery> own(const Subject& subject, Look& look, Report& report);

/// The record at `_dmarc` of the domain whose record applies; REQUIRES: `found.at`.
[[nodiscard]] About about(const policy::DmarcDiscovery& found);
/// " (the record of example.org)" where it is not the domain's own.
[[nodiscard]] std::string whose(const Subject& subject, const policy::DmarcDiscovery& found);
/// The record with `name` set to `value`, as a line for a zone file.
[[nodiscard]] std::string with_tag(const policy::DmarcDiscovery& found, std::string_view name,
                                   std::string_view value);
/// True where the domain's SPF record says that nobody sends for it ("v=spf1 -all"). nullopt: open. An answer
/// that failed counts as no.
[[nodiscard]] std::optional<bool> never_sends(const Subject& subject, Look& look);

}  // namespace waybill::check::dmarc
