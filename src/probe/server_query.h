// server_query.h: asks one name server by itself, without recursion: over UDP, and over TCP when the answer
// was cut short. Runs on one loop.
#pragma once

#include "check/facts.h"
#include "dns/message.h"
#include "net/loop.h"

namespace waybill::probe {

struct ServerQuery {
  net::Loop& loop;
  uint16_t port = 53;
  Millis patience{3'000};  ///< of one try
  int tries = 2;
};

/// Always an answer. An id and a port of its own a try (RFC 5452 4.5, 9.2); what comes from elsewhere, with
/// another id or another question is passed over. `how` outlives the task.
[[nodiscard]] net::Task<check::ServerSaid> ask_server(const ServerQuery& how, check::AskServer what);

/// What a server's message means. Pure.
[[nodiscard]] check::ServerSaid read_server_answer(const dns::Question& question, const IpAddress& server,
                                                   const dns::Message& message);

}  // namespace waybill::probe
