// reply_writer.h: replies as a server writes them (RFC 5321 4.2, RFC 2034).
// What a reply says may come from a policy or quote the client: control characters never reach the wire,
// and no line is longer than RFC 5321 4.5.3.1.5 allows.
#pragma once

#include <string>

#include "mail/outcome.h"

namespace waybill::smtp {

/// RFC 2034 4: enhanced codes belong to sessions in which EHLO offered them.
enum class EnhancedCodes : bool { omit, include };

/// Appends the reply to `out`, one line for each line of its text. An enhanced status whose class differs
/// from the code's first digit is left out (RFC 2034 4), as it is from 1yz and 3yz replies.
void append_reply(std::string& out, const mail::Reply& reply, EnhancedCodes codes);

}  // namespace waybill::smtp
