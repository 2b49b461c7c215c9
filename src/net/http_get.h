// http_get.h: one HTTP/1.1 GET over a connection that is there already, plain or TLS: for resources that
// others publish. Follows nothing, keeps nothing, asks for no encoding. What comes is hostile: header and
// body are bounded.
#pragma once

#include <string>

#include "net/http.h"
#include "net/stream.h"

namespace waybill::net {

/// Ends the connection. `host` is for the Host header, `target` the path. An answer of any status is an
/// answer, a redirect too. Errors: those of Stream; invalid (not HTTP, or over `body_octets_max`).
[[nodiscard]] Task<Result<HttpResponse>> http_get(Stream stream, std::string host, std::string target,
                                                  uint64_t body_octets_max, Steady deadline);

}  // namespace waybill::net
