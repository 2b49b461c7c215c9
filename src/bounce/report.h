// report.h: delivery status notifications (RFC 3461, 3464, 6522, 6533): whether one goes out, and its text.
// Pure: no clock, no disk but the chunks of the original's body that it reads through mail::Body.
//
// Thread rule: free functions without state; any thread.
// Failure: compose() never fails for want of the original: what can't be read or returned is left out, and
// the report says so. Memory is bounded by the recipients' number and Settings; body chunks are shared.
// Never: answers the null reverse-path, or lets a server's words become header or MIME structure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "mail/body.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

namespace waybill::bounce {

/// RFC 3464 2.3.3.
enum class Action : uint8_t { failed, delayed, delivered, relayed, expanded };
[[nodiscard]] std::string_view to_string(Action action);

/// Whether the sender is told, and the reason (a short phrase for logs and `why`), either way.
struct Decision {
  bool send = false;
  std::string_view why;
};
/// For one recipient. Failure: unless NOTIFY says otherwise. Delay: by default, or where asked. Success:
/// only where asked. Never to the null reverse-path (RFC 5321 4.5.5, 6.1).
[[nodiscard]] Decision should_report(Action action, const mail::ReversePath& from, uint8_t notify);

/// What a delivery means for NOTIFY=SUCCESS (RFC 3461 5.2.2): `delivered` into a mailbox; `relayed` to a hop
/// that does not do DSN; none when the next hop took the request over, or nothing was delivered.
[[nodiscard]] std::optional<Action> success_action(const mail::Outcome& outcome);

/// One recipient in a report.
struct Recipient {
  mail::Recipient recipient;
  Action action = Action::failed;
  mail::Reply reply;        ///< the last one; made up by us unless `remote`
  bool remote = false;      ///< the reply came from `host`
  std::string host;         ///< MX host name of the last attempt; empty: none was reached
  std::string address;      ///< its IP address and port
  Time last_attempt{};      ///< zero: never tried
  Time will_retry_until{};  ///< delayed: when we give up
  bool expired = false;     ///< failed because its time was over
};

/// The message that is reported on.
struct Original {
  MessageId id;
  Time arrived{};
  mail::Envelope envelope;  ///< its recipients don't count
  mail::Origin origin;
  mail::BodyPtr body;  ///< null: gone
};

struct Settings {
  mail::Domain hostname;
  uint64_t return_octets = 50 * 1024;          ///< a larger message is returned as its header only
  uint64_t return_octets_asked = 1024 * 1024;  ///< the same when the sender asked for RET=FULL
};

/// A new message: what the queue takes as it takes any other.
struct Report {
  mail::Envelope envelope;  ///< from null, to the original's sender with NOTIFY=NEVER
  std::vector<Chunk> chunks;
  uint64_t size_octets = 0;
};

/// One report for all `recipients` of one message (at least one; for all of them should_report() said yes).
/// `id` is the report's own. Errors: invalid, when the original's reverse-path is null or there is nobody
/// to report on: callers ask should_report() first.
[[nodiscard]] Result<Report> compose(const Original& original, const std::vector<Recipient>& recipients,
                                     const Settings& settings, MessageId id, Time now);

/// The Status field: the reply's enhanced code where it fits its own first digit (RFC 2034 4) and the
/// action; else the nearest that is true.
[[nodiscard]] mail::EnhancedStatus status_of(const Recipient& recipient);

}  // namespace waybill::bounce
