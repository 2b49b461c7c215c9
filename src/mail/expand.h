// expand.h: what becomes of a recipient that stands for others (an alias, RFC 5321 3.9.1), and of what its
// sender asked to be told (RFC 3461 5.2.7). Pure values.
#pragma once

#include <string>
#include <vector>

#include "mail/envelope.h"

namespace waybill::mail {

/// A recipient as the sender gave it, and who receives its mail.
struct Expanded {
  Recipient given;
  std::vector<Address> to;
  bool rewrite_sender = false;  ///< of those in `to` that are not `given` itself
  bool operator==(const Expanded&) const = default;
};

/// The recipients that take the place of `given`. One: everything that the sender asked for goes along (RFC
/// 3461 5.2.7.2). Several: all but SUCCESS does (5.2.7.3 c), which wants_expanded_report() answers.
/// An ORCPT is added where the sender gave none: the address as it came in (5.2.1).
[[nodiscard]] std::vector<Recipient> recipients_of(const Expanded& expanded);
/// True if the sender is owed an "expanded" report (RFC 3461 5.2.7.3 c).
[[nodiscard]] bool wants_expanded_report(const Expanded& expanded);
/// For the ledger: "john@example.org, ann@example.org and 3 more".
[[nodiscard]] std::string describe(const std::vector<Address>& to);

}  // namespace waybill::mail
