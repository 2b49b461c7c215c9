// received_field.h: the trace field that every message gets (RFC 5321 4.4, RFC 3848, RFC 6531 3.7.3).
#pragma once

#include <string>

#include "base/clock.h"
#include "mail/envelope.h"

namespace waybill::receive {

/// What the client spoke, for `with` (RFC 3848, RFC 6531 4.3): "SMTP", "ESMTPSA", "UTF8LMTPS", …
struct Protocol {
  enum class Greeting : uint8_t { helo, ehlo, lhlo };
  Greeting greeting = Greeting::helo;
  bool utf8 = false, tls = false, authenticated = false;
  [[nodiscard]] std::string name() const;
};

/// "Received: from … by … with … id …; date" and its CRLF, folded. The client's greeting name is hostile
/// text: what has no business in a host name becomes '?'. `for` names the recipient only when it is the only
/// one, so that blind copies stay blind (RFC 5321 7.2).
[[nodiscard]] std::string received_field(const mail::Origin& origin, const mail::Envelope& envelope,
                                         const std::string& hostname, const std::string& tls_comment,
                                         MessageId id, Time now);

}  // namespace waybill::receive
