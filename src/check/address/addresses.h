// addresses.h: the addresses that a domain's mail comes to, and those that send for it, each once: what the
// checks of this family go through. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/mail_hosts.h"

namespace waybill::check::address {

struct Judged {
  IpAddress ip;
  std::vector<dns::Name> hosts;               ///< MX hosts that have it, best first; empty: it only sends
  std::vector<dns::Name> names;               ///< theirs, and what they are aliases of
  dns::Name canonical;                        ///< of the best of hosts: where the address stands
  bool sends = false;                         ///< given as a sender
  [[nodiscard]] std::string subject() const;  ///< "192.0.2.1 (mx1.example.org)"
  [[nodiscard]] dns::Type type() const { return ip.is_v4() ? dns::Type::a : dns::Type::aaaa; }
  /// The record that the address stands in; none if it only sends.
  [[nodiscard]] std::optional<About> about() const;
};

enum class Of : uint8_t { hosts, hosts_and_senders };

/// Nothing: some answers are open. What could not be had, and addresses over the limit of 200, are reported
/// as unknown; without any address the check is skipped, and says why.
[[nodiscard]] std::optional<std::vector<Judged>> addresses_of(const Subject& subject, Of of, Look& look,
                                                              Report& report);

/// The PTR answer; nullptr while `open`, when it could not be had (reported), and at the end of an alias
/// loop, which address.no-ptr tells of.
[[nodiscard]] const dns::Answer* ptr_of(const Judged& judged, Look& look, Report& report, bool& open);
/// The names that an address has in the reverse DNS, the root left out.
[[nodiscard]] std::vector<dns::Name> names_in(const dns::Answer& ptr);

/// "1.2.0.192.in-addr.arpa. PTR mx1.example.org.   (set by whoever gave you the address)"
[[nodiscard]] std::string ptr_fix(const Subject& subject, const Judged& judged);

struct Heard {
  const Judged* judged = nullptr;  ///< one of those given
  const ProbeSaid* said = nullptr;
};
/// What a mail server says at each address, of at most 60. Addresses that are nobody's host are passed over
/// unless in a lab: a stranger's MX must not have us connect into our own networks. Nothing: some answers are
/// open. The check is skipped where nothing is left of `addresses`.
[[nodiscard]] std::optional<std::vector<Heard>> hear(const Subject& subject,
                                                     const std::vector<Judged>& addresses, Look& look,
                                                     Report& report);

}  // namespace waybill::check::address
