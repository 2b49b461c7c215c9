// dane_hosts.h: what DANE says of each host that takes the domain's mail, as the checks of this family see
// it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/check.h"
#include "policy/dane.h"

namespace waybill::check::transport {

struct DaneOfHost {
  dns::Name host;
  policy::DaneHost dane;
  std::vector<dns::Name> names;  ///< one of which the certificate must have for usage 2 (RFC 7672 3.2.2)
  [[nodiscard]] bool usable() const { return dane.status == policy::DaneHost::Status::usable; }
};
/// Every host, by preference. In a zone file TLSA records count as if they were signed: nothing in it tells.
/// Nothing: some answers are open, or there are no hosts, which skips the check.
[[nodiscard]] std::optional<std::vector<DaneOfHost>> dane_hosts(const Subject& subject, Look& look,
                                                                Report& report);

/// True if the certificates that the server showed match.
[[nodiscard]] bool matches(const DaneOfHost& host, const ProbeSaid& said);

/// The TLSA answer at each name that senders may look at for a host: its own, and that which it is an alias
/// of. Nothing: some are open. What could not be had is reported.
struct TlsaAt {
  dns::Name name;
  const dns::Answer* answer = nullptr;
};
[[nodiscard]] std::optional<std::vector<TlsaAt>> tlsa_answers(const Subject& subject, Look& look,
                                                              Report& report);

/// "_25._tcp.mx1.example.org".
[[nodiscard]] std::string tlsa_owner(const dns::Name& base, uint16_t port);

}  // namespace waybill::check::transport
