// outcome.h: what a server said, and what became of one attempt to deliver to one recipient.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace waybill::mail {

/// RFC 3463: class.subject.detail. All zero: none given.
struct EnhancedStatus {
  uint16_t klass = 0;  ///< 2, 4 or 5
  uint16_t subject = 0;
  uint16_t detail = 0;

  [[nodiscard]] bool present() const { return klass != 0; }
  [[nodiscard]] std::string to_string() const;  ///< "5.1.10"; "" when none
  [[nodiscard]] static Result<EnhancedStatus> parse(std::string_view text);
  bool operator==(const EnhancedStatus&) const = default;
};

/// An SMTP reply as a value, or one that we made up for what no server said (code still in 400–599).
struct Reply {
  uint16_t code = 0;  ///< 0: none
  EnhancedStatus enhanced;
  std::string text;  ///< lines joined by '\n', without codes; at most a few KiB

  [[nodiscard]] bool positive() const { return code >= 200 && code < 400; }
  [[nodiscard]] bool transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool permanent() const { return code >= 500 && code < 600; }
  /// "550 5.1.1 no such user", on one line ('\n' becomes " / "); of one without a code, its text.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Reply&) const = default;
};

/// What became of one attempt for one recipient. What is unknown is Deferred, never Rejected.
enum class Fate : uint8_t {
  delivered,  ///< the next hop took responsibility (2yz to the final dot), or it stands in the mailbox
  deferred,   ///< try again later
  rejected,   ///< permanent: bounce
  discarded,  ///< a route of ours drops it: it ends here, and nobody is told
  held,       ///< a route of ours keeps it until an operator releases it
};
[[nodiscard]] std::string_view to_string(Fate fate);

struct Outcome {
  Fate fate = Fate::deferred;
  Reply reply;                  ///< the server's own words, or ours
  std::string host;             ///< MX host name (or "maildir", "lmtp"…); empty when none was reached
  std::string address;          ///< its IP address and port; empty when none was reached
  bool remote = false;          ///< the reply came from a remote server (DSN: Remote-MTA, Diagnostic-Code)
  bool dsn_passed = false;      ///< delivered to a hop that took the DSN parameters (RFC 3461 5.2.2)
  bool final_delivery = false;  ///< into a mailbox, not relayed: NOTIFY=SUCCESS is ours to answer
  bool tls = false;
  bool tried = true;  ///< false: nothing was attempted (we are stopping); the recipient is as it was
  /// Sooner than the schedule would: the host is known to come back then. Zero: the schedule decides.
  Millis retry_after{0};

  static Outcome deferred(uint16_t code, EnhancedStatus enhanced, std::string text);
  static Outcome rejected(uint16_t code, EnhancedStatus enhanced, std::string text);
};

}  // namespace waybill::mail
