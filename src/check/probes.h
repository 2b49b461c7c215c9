// probes.h: what the hosts of a domain's mail said to a connection (--probe). All checks ask through here, so
// that each address is connected to once. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/mail_hosts.h"

namespace waybill::check {

/// One address of one host.
struct Probed {
  dns::Name host;
  uint16_t preference = 0;
  IpAddress ip;
  const ProbeSaid* said = nullptr;
  [[nodiscard]] std::string to_string() const;  ///< "mx1.example.org (192.0.2.1)"
  /// A session was to be had: the banner was a 220.
  [[nodiscard]] bool welcome() const;
};

/// The question about one address of a host, as all checks put it.
[[nodiscard]] AskProbe probe_of(const Subject& subject, const dns::Name& host, const IpAddress& ip);

/// Every address of every host that the router would try, by preference. Addresses that are nobody's host are
/// left out unless in a lab. Nothing: some answers are open. Beyond 60 addresses they are reported as
/// unknown; without any the check is skipped.
[[nodiscard]] std::optional<std::vector<Probed>> probe_all(const Subject& subject, Look& look,
                                                           Report& report);
/// Says of a host that gave no session that nothing is known: "mx1 (192.0.2.1): connection refused".
void report_no_session(const Probed& probed, Report& report);

}  // namespace waybill::check
