// announced.h: the MTA-STS and TLSRPT records of a domain and its policy, as the checks of this family see
// them. Pure.
#pragma once

#include <optional>

#include "check/check.h"
#include "check/mail_hosts.h"
#include "policy/sts_policy.h"
#include "policy/sts_record.h"
#include "policy/tlsrpt_record.h"

namespace waybill::check::transport {

/// `_mta-sts` and `_smtp._tls` below the domain; the domain itself where that is too long for a name, which
/// has no TXT of either kind.
[[nodiscard]] dns::Name sts_name(const Subject& subject);
[[nodiscard]] dns::Name tlsrpt_name(const Subject& subject);

/// Nothing: the answer is open, or could not be had, which is reported.
[[nodiscard]] std::optional<policy::StsRecord> sts_record_of(const Subject& subject, Look& look,
                                                             Report& report);
[[nodiscard]] std::optional<policy::TlsrptRecord> tlsrpt_record_of(const Subject& subject, Look& look,
                                                                   Report& report);

/// What came from the policy host. Nothing: open, or no record announces a policy, which skips the check.
[[nodiscard]] const PolicySaid* sts_fetched(const Subject& subject, Look& look, Report& report);
/// A policy that was fetched and can be read. Nothing: as above, or there is none, which skips the check:
/// sts.policy-unreachable tells why.
[[nodiscard]] std::optional<policy::StsPolicy> sts_policy_of(const Subject& subject, Look& look,
                                                             Report& report);

/// The hosts that take the domain's mail; none while some are open, and where nothing does, which skips the
/// check.
[[nodiscard]] std::optional<std::vector<MailHost>> receiving_hosts(const Subject& subject, Look& look,
                                                                   Report& report);

}  // namespace waybill::check::transport
