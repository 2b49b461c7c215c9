// http_server.h: HTTP/1.1 on one accepted connection (RFC 9112), for the control socket, the API and the
// dashboard. Keep-alive and pipelining; requests are answered one after the other, in order.
//
// Thread rule: runs on the stream's loop; the handler is called there and may suspend.
// Hostile input: bad framing gets 400, a long header 431, a long body 413, a peer that drips octets 408 or
// nothing; after each of these the connection ends. Never reads a body beyond its limit into memory, never
// answers a request whose framing is in doubt (both Content-Length and Transfer-Encoding: 400).
#pragma once

#include <functional>

#include "net/http.h"
#include "net/stream.h"

namespace waybill::net {

struct HttpLimits {
  size_t header_octets_max = 16 * 1024;
  uint64_t body_octets_max = 64ull * 1024 * 1024;
  unsigned requests_max = 10'000;  ///< a connection; then it is closed after the answer
  Millis idle{60'000};             ///< between requests
  Millis header{10'000};           ///< from a request's first octet to the end of its header
  Millis body{120'000};            ///< for the whole body
  Millis write{60'000};            ///< for the whole answer
};

using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;

/// Serves one connection to its end, then closes it. `handler` outlives the task.
[[nodiscard]] Task<void> serve_http(Stream stream, HttpHandler handler, HttpLimits limits = {});

}  // namespace waybill::net
