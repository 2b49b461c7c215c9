// server_session.h: moves one session's octets between its connection and receive::Session, and carries out
// what the session asks for. It decides nothing but time.
//
// Thread rule: a session stays on the loop of its stream. Gate, Intake, SessionRegistry and Clock must
// outlive the loop's run. Failure modes: a connection that breaks or keeps silent past its deadline ends the
// session; a message that was not complete is abandoned, one that was handed to the Intake is not.
#pragma once

#include <memory>

#include "base/clock.h"
#include "net/stream.h"
#include "receive/gate.h"
#include "receive/intake.h"
#include "receive/registry.h"
#include "receive/settings.h"

namespace waybill::receive {

/// What all sessions share.
struct Services {
  Gate& gate;
  Intake& intake;
  const Clock& clock;
};

/// Serves one connection to its end. `ticket` comes from SessionRegistry::admit and is held until then.
[[nodiscard]] net::Task<void> serve_session(net::Stream stream, std::shared_ptr<const Settings> settings,
                                            Services services, SessionRegistry::Ticket ticket);
/// Whether a client that is turned away is waited for, a few seconds, until it hangs up: its last reply is
/// then safe even if it spoke before its turn.
enum class Patience : uint8_t { none, some };
/// Says 421 4.7.0 or 4.3.2 to a connection that is over a limit, and closes it.
[[nodiscard]] net::Task<void> turn_away(net::Stream stream, std::shared_ptr<const Settings> settings,
                                        SessionRegistry::Admission why, Patience patience);

}  // namespace waybill::receive
