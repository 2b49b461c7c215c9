// commands.h: what a message needs of its next hop, and its envelope as commands. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "deliver/body_facts.h"
#include "mail/delivery.h"
#include "smtp/ehlo_reply.h"

namespace waybill::deliver {

enum class Channel : uint8_t { plain, tls };

/// How the body goes out.
enum class BodyForm : uint8_t {
  none,
  stuffed,  ///< after DATA: dots doubled, bare CR and LF made harmless, the final dot at the end
  literal,  ///< after BDAT: bare CR and LF made harmless
  raw,      ///< after BDAT: octet for octet
};

/// Why this message can never pass this hop, before anything of it is sent (conformance 77–79, 88).
[[nodiscard]] std::optional<mail::Reply> refusal(const mail::Envelope& envelope, const BodyFacts& facts,
                                                 const smtp::PeerOffers& offers, Channel channel);
/// Why this one recipient can't (a local part beyond ASCII, RFC 6531 3.5).
[[nodiscard]] std::optional<mail::Reply> refusal(const mail::Recipient& recipient,
                                                 const smtp::PeerOffers& offers);

/// stuffed when DATA is the way, otherwise what follows BDAT.
[[nodiscard]] BodyForm body_form(const mail::Envelope& envelope, const BodyFacts& facts,
                                 const smtp::PeerOffers& offers);

/// Append "MAIL FROM:<…> …\r\n" and "RCPT TO:<…> …\r\n", with the parameters that the peer offers.
void append_mail(std::string& out, const mail::Envelope& envelope, const BodyFacts& facts,
                 const smtp::PeerOffers& offers);
void append_rcpt(std::string& out, const mail::Recipient& recipient, const smtp::PeerOffers& offers);

}  // namespace waybill::deliver
