// smtp_probe.h: talks to one SMTP server as far as one can without sending mail: greeting, EHLO, STARTTLS,
// whether a recipient that nobody has is refused. Never says DATA or BDAT. Runs on one loop.
#pragma once

#include <memory>
#include <string>

#include "check/facts.h"
#include "net/loop.h"
#include "net/tls.h"

namespace waybill::probe {

/// `hello`: our name for EHLO; empty: our address as a literal (RFC 5321 4.1.4). `tls`: an examining
/// client's. Always an answer; what went wrong is in it. Where TLS was tried and failed, the connection is of
/// no more use and the recipient is not asked for.
[[nodiscard]] net::Task<check::ProbeSaid> probe_smtp(net::Loop& loop, std::shared_ptr<net::TlsContext> tls,
                                                     std::string hello, check::AskProbe what,
                                                     Steady deadline);

}  // namespace waybill::probe
