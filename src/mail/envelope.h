// envelope.h: what a message is while it travels: who sent it, to whom, and what the sender asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/ip.h"
#include "mail/address.h"

namespace waybill::mail {

/// RFC 1652/6152 and 3030: what the body was declared as.
enum class BodyType : uint8_t { seven_bit, eight_bit, binary };
/// RFC 3461 4.3: how much of the message a failure report returns.
enum class Ret : uint8_t { unset, full, headers };

/// RFC 3461 4.1, as bits. Unset means "failure, and delay" by default.
enum Notify : uint8_t {
  notify_unset = 0,
  notify_never = 1,
  notify_success = 2,
  notify_failure = 4,
  notify_delay = 8,
};

struct Recipient {
  Address address;
  uint8_t notify = notify_unset;  ///< bits of Notify
  std::string orcpt;              ///< "rfc822;user@example.org", xtext already decoded; empty: none
  bool rewrite_sender = false;    ///< an alias leads here whose domain wants SRS: see policy/srs.h
  bool operator==(const Recipient&) const = default;
};

struct Envelope {
  ReversePath from;
  std::vector<Recipient> recipients;
  BodyType body = BodyType::seven_bit;
  bool smtputf8 = false;    ///< RFC 6531 3.4
  bool requiretls = false;  ///< RFC 8689
  Ret ret = Ret::unset;
  std::string envid;  ///< xtext already decoded, at most 100 octets; empty: none
  bool operator==(const Envelope&) const = default;
};

/// How a message came in; kept for Received, trace and policy.
struct Origin {
  enum class Via : uint8_t { smtp, control, bounce };
  Via via = Via::smtp;
  IpAddress client_ip;
  uint16_t client_port = 0;
  std::string helo;      ///< as given; hostile text
  std::string listener;  ///< "mx", "submission", …
  std::string protocol;  ///< "SMTP", "ESMTP", "ESMTPS", "ESMTPSA", … (RFC 3848)
  std::string user;      ///< authenticated user; empty: none
  bool operator==(const Origin&) const = default;
};

}  // namespace waybill::mail
