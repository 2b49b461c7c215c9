// send_smtp.h: hands one composed message to a server by SMTP, for `waybill send --smtp HOST:PORT`. Plain, no
// queue behind it: what the server does not take is reported at once. Blocks, for `timeout` at most.
#pragma once

#include "cli/compose.h"
#include "control/types.h"

namespace waybill::cli {

/// Errors: timeout, closed, io (no answer: try again), refused (the server refused the session, the sender or
/// the message for good), busy (for now), invalid (HOST:PORT), unsupported (the server lacks an extension
/// that the message needs). `id` of the answer stays empty: the server's own reply to the message is in
/// `said`.
struct Handed {
  control::SendAnswer answer;
  std::string said;
};
[[nodiscard]] Result<Handed> send_by_smtp(const std::string& host_port, const Composed& mail,
                                          const std::string& hostname, Millis timeout);

}  // namespace waybill::cli
