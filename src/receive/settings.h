// settings.h: what one listener's sessions are held to. Immutable once made; a reload makes a new one, and
// sessions under way keep theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"

namespace waybill::net {
class TlsContext;
}

namespace waybill::receive {

enum class Role : uint8_t {
  mx,           ///< mail from other hosts, for our domains
  submission,   ///< RFC 6409: mail from users and their programs, STARTTLS
  submissions,  ///< the same, TLS from the first octet (RFC 8314)
  lmtp,         ///< RFC 2033: LHLO, and a reply for each recipient
};

enum class StartTls : uint8_t { unavailable, offered };

/// What becomes of a message with a bare CR or LF in it (RFC 5321 2.3.8). Neither ever ends a line or the
/// data.
enum class BareNewline : uint8_t {
  reject,   ///< 550 5.6.0
  replace,  ///< each becomes a space; for old senders that cannot be repaired
};
/// Clients that talk before the banner or before the reply to EHLO (RFC 2920 3.1, RFC 5321 3.1). Where they
/// are allowed, ClientFacts tell of it, and the gate decides.
enum class EarlyTalkers : uint8_t { refuse, allow };

struct Settings {
  std::string hostname;         ///< banner, EHLO, Received
  std::string listener = "mx";  ///< its name in logs and in Origin
  Role role = Role::mx;
  StartTls starttls = StartTls::unavailable;
  std::shared_ptr<net::TlsContext> tls;  ///< needed by StartTls::offered and by Role::submissions

  uint64_t message_octets_max = 50ULL * 1024 * 1024;
  uint32_t recipients_max = 1000;          ///< a message; RFC 5321 4.5.3.1.8 wants 100 at least
  uint32_t messages_max = 10'000;          ///< a session
  uint32_t commands_max = 20'000;          ///< since the last accepted message, tiny BDAT chunks included
  uint32_t errors_max = 20;                ///< a session; the next one ends it with 421
  uint32_t rejected_recipients_max = 100;  ///< since the last accepted message
  size_t command_octets_max = 2048;        ///< with CRLF; RFC 5321 4.5.3.1.4 wants 512, extensions more
  uint32_t received_fields_max = 100;      ///< RFC 5321 6.3
  size_t header_octets_max = 512 * 1024;
  size_t line_octets_max = 64 * 1024;  ///< RFC 5321 4.5.3.1.6 wants 1000; real mail is longer
  BareNewline bare_newline = BareNewline::reject;
  EarlyTalkers early_talkers = EarlyTalkers::refuse;
  /// Header fields that only we may write: taken out of what strangers send (RFC 8601 5). Empty: none is.
  std::string authserv_id;
  std::string mx;  ///< for ClientFacts

  Millis banner_delay{5};            ///< how long before the banner we look for early talkers; 0: not at all
  std::vector<IpNetwork> etrn_from;  ///< clients that ETRN is offered to (RFC 1985); empty: to nobody
  std::vector<IpNetwork> no_delay;   ///< clients that get the banner at once: those who may relay anyway
  [[nodiscard]] bool trusts(const IpAddress& client) const;
  Millis command_timeout{300'000};    ///< RFC 5321 4.5.3.2.7: five minutes for a whole command or block
  Millis session_timeout{3'600'000};  ///< the total, to which big messages add:
  uint64_t progress_octets_per_second = 4096;  ///< one second more for so many octets of accepted messages
  size_t output_octets_max = 256 * 1024;  ///< replies that the client does not read, before we stop reading
};

}  // namespace waybill::receive
