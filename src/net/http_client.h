// http_client.h: one blocking HTTP/1.1 call over a Unix socket: what the command line needs to ask the
// daemon. Never used inside the daemon: it blocks the calling thread, for `timeout` at most.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"

namespace waybill::net {

/// The most that an answer may hold: a list comes in pages, so that this is far beyond need.
inline constexpr uint64_t kHttpAnswerOctetsMax = 256ull * 1024 * 1024;

/// Errors: not_found (no such socket), refused (nobody listens there, or no permission: `what` says which),
/// timeout, closed (the peer hung up before a whole answer), invalid (not HTTP), io.
[[nodiscard]] Result<HttpResponse> http_call(const std::string& unix_path, const HttpRequest& request,
                                             Millis timeout);

}  // namespace waybill::net
