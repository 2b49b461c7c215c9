// parameters.h: the arguments of MAIL and RCPT with their ESMTP parameters: SIZE (RFC 1870), BODY (RFC 6152),
// SMTPUTF8 (RFC 6531), RET and ENVID, NOTIFY and ORCPT (RFC 3461).
// Nothing that a client wrote leaves here with a CR, LF, NUL or other control character in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mail/envelope.h"
#include "smtp/parsed.h"

namespace waybill::smtp {

/// Whether the session was opened by EHLO: without it no parameter is known (555).
enum class Extensions { none, offered };

struct MailCommand {
  mail::ReversePath from;
  std::optional<uint64_t> size_octets;
  mail::BodyType body = mail::BodyType::seven_bit;
  bool smtputf8 = false;
  mail::Ret ret = mail::Ret::unset;
  std::string envid;
};

struct RcptCommand {
  mail::Recipient recipient;
  bool needs_smtputf8 = false;  ///< the caller knows whether MAIL allowed it (RFC 6531 3.1)
};

/// "FROM:<path> parameters". Errors: 501 syntax or value, 553 5.6.7 non-ASCII without SMTPUTF8, 555 5.5.4
/// unknown parameter. BODY=BINARYMIME is not offered and gets 555.
[[nodiscard]] Parsed<MailCommand> parse_mail(std::string_view argument, Extensions extensions);
/// "TO:<path> parameters".
[[nodiscard]] Parsed<RcptCommand> parse_rcpt(std::string_view argument, Extensions extensions);

}  // namespace waybill::smtp
