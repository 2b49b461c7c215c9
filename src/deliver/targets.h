// targets.h: where a domain's mail goes, as delivery needs to know it. handover/ makes these from the
// planner's result; this room knows nothing of MX records, zones or routing tables.
// Values, shared and immutable once handed over: safe to read on any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/ip.h"
#include "mail/address.h"
#include "mail/delivery.h"
#include "mail/outcome.h"

namespace waybill::net {
class TlsContext;
}

namespace waybill::deliver {

/// One host that may take the mail, with its addresses in the order in which they are to be tried.
struct Target {
  uint16_t preference = 0;
  std::string host;  ///< MX name, smart host, or the literal's text
  std::vector<IpAddress> addresses;
  uint16_t port = 25;
};

/// Hosts of equal preference, in the order of this plan's shuffle.
using Tier = std::vector<Target>;

/// discard and hold: `reply.text` says by what, for the ledger.
enum class TargetsDecision : uint8_t { deliver, defer, bounce, discard, hold };
enum class Transport : uint8_t { smtp, lmtp, maildir };
/// opportunistic: STARTTLS where it is offered, plaintext where it is not or fails (RFC 7435).
/// encrypt: TLS or nothing. verify: and a certificate for the host's name that `tls_context` trusts.
enum class TlsPolicy : uint8_t { opportunistic, never, encrypt, verify };

/// Who we are at a smart host. Never in a log, a status or an error.
struct Credentials {
  std::string user;
  std::string password;
  /// Tells it from other accounts and passwords of that user: what the host says of one concerns no other.
  std::string account{};
  /// For the operator, when the host does not take them: whose they are, and what to do. Without the
  /// password.
  std::string remedy{};
};

/// A folder of our own. "{domain}" and "{user}" in the template are replaced, safely (see maildir.h).
struct MaildirTarget {
  std::string path_template;  ///< "/var/mail/{domain}/{user}": absolute
  /// Local parts that exist, lower case; null: every one that the template can hold.
  std::shared_ptr<const std::set<std::string, std::less<>>> users;
  std::string delimiter = "+";  ///< ends the user's name within a local part; empty: nothing does
  uint64_t quota_octets = 0;    ///< of one mailbox; 0: no limit
  uint64_t quota_messages = 0;  ///< the same
  bool operator==(const MaildirTarget&) const = default;
};

/// A local delivery server (RFC 2033): a Unix socket, or an address when `unix_path` is empty.
struct LmtpTarget {
  std::string unix_path;
  Endpoint endpoint;
};

struct Targets {
  TargetsDecision decision = TargetsDecision::defer;
  /// Why not, when `decision` is not deliver: 4yz or 5yz with an enhanced status. Our words, no server's.
  mail::Reply reply;
  Transport transport = Transport::smtp;
  /// Deliveries with the same key share connections, pacing and fate: the set of hosts (not the domain), so
  /// that ten thousand domains on one provider are one site. Equal keys must mean equal tiers, apart from
  /// the order inside a tier, and the same credentials and TLS: no mail travels by another's account.
  std::string site_key;
  std::vector<Tier> tiers;  ///< smtp: ascending preference
  TlsPolicy tls = TlsPolicy::opportunistic;
  /// Messages a second that may begin at this site, always; 0: no limit. Part of what the key stands for.
  double rate_max = 0;
  std::shared_ptr<net::TlsContext> tls_context;    ///< for verify; null otherwise
  std::shared_ptr<const Credentials> credentials;  ///< null: none are shown
  MaildirTarget maildir;
  LmtpTarget lmtp;
};
using TargetsPtr = std::shared_ptr<const Targets>;

/// What daemon/ implements on top of the planner: by the delivery's domain, sender, listener and pin.
/// `targets` is called on the manager's loop for every delivery (cache!), and calls `done` exactly once on
/// that loop, at once or later. A null answer counts as defer.
class Router {
 public:
  using Done = std::function<void(TargetsPtr)>;
  virtual ~Router() = default;
  virtual void targets(const mail::Delivery& delivery, Done done) = 0;
};

}  // namespace waybill::deliver
