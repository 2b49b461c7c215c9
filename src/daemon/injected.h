// injected.h: a message of the control socket becomes what a session of the SMTP server would have made of
// it, by the same rules: who may write to that socket may be anybody's web form. Pure.
#pragma once

#include "base/clock.h"
#include "control/types.h"
#include "receive/gate.h"
#include "receive/intake.h"
#include "receive/settings.h"

namespace waybill::daemon {

/// `request.envelope` holds those recipients that are taken. `limits`: those for messages, as a listener has
/// them. Errors: invalid: what SMTP refuses for good, in the same words (too large, NUL, a line too long, a
/// mail loop).
[[nodiscard]] Result<receive::Accepted> accept_injected(control::SendRequest request,
                                                        const receive::Settings& limits, MessageId id,
                                                        Time now);

/// Adds who receives `given`'s mail to `receivers`, each once, and to `expanded` what stood for others.
void add_receivers(mail::Recipient given, receive::Verdict verdict, std::vector<mail::Recipient>& receivers,
                   std::vector<mail::Expanded>& expanded);

}  // namespace waybill::daemon
