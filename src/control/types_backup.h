// types_backup.h: of the control API's questions and answers (types.h) those about backup domains.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace waybill::control {

/// A domain that this host is a backup for.
struct BackupStatus {
  std::string domain;
  std::string place;       ///< among its MXs: "good", "misplaced", "unknown", "unchecked"
  std::string why;         ///< of misplaced and unknown; names the fix
  std::string recipients;  ///< "callout", "list", "any"
  std::string unknown;     ///< what becomes of unknown recipients: "accept", "defer", "refuse"
  uint64_t known = 0;      ///< recipients that the primary was heard to take
  uint64_t refused = 0;    ///< and to refuse, lately
  bool takes_all = false;  ///< the primary takes a name that nobody has: its word is worth nothing
  bool operator==(const BackupStatus&) const = default;
};

struct RecipientsRequest {
  std::string name;  ///< an address, or a domain; empty: all
  uint32_t limit = 1000;
  bool operator==(const RecipientsRequest&) const = default;
};

/// What a primary said, as it is remembered.
struct RememberedRecipient {
  std::string name;   ///< an address; or a domain: what its primary did with a name that nobody has
  std::string state;  ///< "exists" or "refused"
  std::string reply;  ///< the primary's words
  Time learnt{}, expires{};
  bool operator==(const RememberedRecipient&) const = default;
};

struct RecipientsAnswer {
  std::vector<RememberedRecipient> recipients;  ///< in order of the name
  uint64_t total = 0;                           ///< that there are, also beyond the limit
  bool operator==(const RecipientsAnswer&) const = default;
};

struct ForgetRecipientsRequest {
  std::string name;  ///< an address, or a domain with all that is known of it
  bool operator==(const ForgetRecipientsRequest&) const = default;
};

struct ForgetRecipientsAnswer {
  uint64_t forgotten = 0;
  bool operator==(const ForgetRecipientsAnswer&) const = default;
};

}  // namespace waybill::control
