// relay_rules.h: who may send mail to whom through this host. A value made from plain data at start and at
// every reload; the decision is a pure function of the client and the address.
//
// What it never does: relay for a client that is neither trusted nor authenticated to a domain that is not in
// the table, in whatever way the address is dressed up: only the domain after the last unquoted '@' counts,
// compared exactly (RFC 5321 2.3.11), and an address that carries a second one inside is refused.
// Thread rule: immutable; share freely.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ip.h"
#include "mail/address.h"
#include "mail/outcome.h"

namespace waybill::policy {

enum class DomainRole : uint8_t {
  primary,  ///< final destination
  backup,   ///< held, and forwarded to better MXs only
  relay,    ///< passed on by its route; for gateways in front of other servers
};

struct DomainRule {
  DomainRole role = DomainRole::primary;
  /// Local parts that exist, without their +tag; compared without case. None: every local part is taken, and
  /// the mailbox server decides. `postmaster` always exists (RFC 5321 4.5.1).
  std::optional<std::set<std::string>> users;
};

/// What a listener is for.
enum class Service : uint8_t { mx, submission, lmtp };
enum class Authenticated : uint8_t { no, yes };

struct Client {
  IpAddress ip;
  Service service = Service::mx;
  Authenticated authenticated = Authenticated::no;
};

struct RelayTable {
  std::map<std::string, DomainRule> domains;  ///< by Domain::text()
  std::vector<IpNetwork> trusted_networks;
  /// Whose postmaster the bare `<postmaster>` is: the host name, or the first primary domain.
  mail::Domain postmaster_domain;
};

/// Accepted, with the address to use when it differs from the given one; or the reply that says no.
struct RelayDecision {
  std::optional<mail::Reply> refusal;
  std::optional<mail::Address> rewritten;
  [[nodiscard]] bool accepted() const { return !refusal.has_value(); }
};

class RelayRules {
 public:
  RelayRules() = default;
  /// Errors: a trusted network so wide that it could only be a mistake (shorter than /8, or /16 for IPv6):
  /// nobody becomes an open relay by accident.
  [[nodiscard]] static Result<RelayRules> make(RelayTable table);

  [[nodiscard]] bool is_trusted(const Client& client) const;
  /// May this client begin a transaction? Submission wants a user or a trusted network: 530 5.7.0
  /// (RFC 6409 4.3).
  [[nodiscard]] RelayDecision decide_mail(const Client& client) const;
  /// May this client send to this address? 550 5.7.1 for foreign domains (by LMTP: for all that don't end
  /// here, whoever asks), 550 5.1.1 for unknown users.
  [[nodiscard]] RelayDecision decide_rcpt(const Client& client, const mail::Address& to) const;
  /// The rule of exactly this domain.
  [[nodiscard]] const DomainRule* find(const mail::Domain& domain) const;

 private:
  RelayTable table_;
};

}  // namespace waybill::policy
