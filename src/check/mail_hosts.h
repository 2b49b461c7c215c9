// mail_hosts.h: the MX records of a domain, and the hosts that take its mail as the router's own plan has
// them: what the checks of MX targets and of addresses go through, so that they never contradict the router.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/check.h"

namespace waybill::check {

/// The MX records that the domain has, null MX apart.
struct MxSet {
  const dns::Answer* answer = nullptr;  ///< none: nothing to judge, which is reported or skipped
  dns::Name owner;                      ///< where the records stand: the domain, or what it is an alias of
  std::vector<dns::Mx> targets;         ///< each name once, at its best preference; by preference, then name
  std::vector<dns::Mx> all;             ///< as they stand, null MX left out; in the same order
  std::vector<dns::Mx> nulls;           ///< those of the root (RFC 7505 3)
  [[nodiscard]] About about(const dns::Mx& record) const { return {owner, dns::Type::mx, record}; }
  /// "example.org. MX 10 mx1.example.org."
  [[nodiscard]] std::string line(const dns::Mx& record) const;
};
/// Nothing: the answer is open. Without MX records the check is skipped, and says so.
[[nodiscard]] std::optional<MxSet> mx_set(const Subject& subject, Look& look, Report& report);
/// The same, skipped as well if no target is left beside a null MX.
[[nodiscard]] std::optional<MxSet> mx_targets(const Subject& subject, Look& look, Report& report);

/// One target of an MX record, or the domain itself where it has none.
struct MailHost {
  dns::Mx mx;
  route::HostStatus status = route::HostStatus::ok;  ///< the router's verdict
  std::string note;                                  ///< and its reason, if not ok
  dns::Name canonical;
  /// None: the router doesn't look it up, because it is no host name.
  std::optional<Look::Addresses> addresses;
  /// Each family's failed answer but those of alias loops, reported as unknown; true if there was one.
  bool report_unknown(Report& report) const;
};
struct MailHosts {
  std::vector<MailHost> hosts;  ///< by preference, then name; a name listed twice stands once
  route::HostSource source = route::HostSource::mx;
  dns::Name owner;       ///< of the MX records
  std::string why_none;  ///< hosts is empty, and nothing is unknown: why
};
/// By MX, or the domain itself without one. Nothing: some answers are open. What could not be had, and
/// targets beyond those that the plan looks up, are reported as unknown.
[[nodiscard]] std::optional<MailHosts> mail_hosts(const Subject& subject, Look& look, Report& report);
/// The same for MX targets alone; skipped where there are none.
[[nodiscard]] std::optional<MailHosts> mx_hosts(const Subject& subject, Look& look, Report& report);

}  // namespace waybill::check
