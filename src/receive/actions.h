// actions.h: what a session asks its shell to do, in order. At most one action that needs an answer is open
// at a time; until the answer comes the session takes no input.
#pragma once

#include <cstdint>
#include <variant>

#include "base/bytes.h"
#include "receive/intake.h"
#include "smtp/parameters.h"

namespace waybill::receive {

struct AskConnect {};  ///< Gate::on_connect(client()) -> Session::on_verdict
struct AskMail {};     ///< Gate::on_mail(client(), from(), declared_octets()) -> on_verdict
struct AskRcpt {};     ///< Gate::on_rcpt(client(), from(), candidate()) -> on_verdict
struct AskEtrn {};     ///< Drains::etrn(client(), etrn_node()) -> on_etrn
struct Begin {};       ///< Intake::begin -> on_begun
struct Spill {         ///< Intake::spill; a failure -> on_spill_failed
  MessageId id;
  uint32_t n = 0;
  Chunk chunk;
};
struct Commit {  ///< Intake::commit -> on_committed
  Accepted message;
};
struct Abandon {  ///< Intake::abandon
  MessageId id;
  uint32_t chunks = 0;
};
struct BeginTls {};  ///< write all output, drop unread input, handshake -> on_tls_started
struct Close {};     ///< write all output, close; the session is over

using Action =
    std::variant<AskConnect, AskMail, AskRcpt, AskEtrn, Begin, Spill, Commit, Abandon, BeginTls, Close>;

}  // namespace waybill::receive
