// dialer.h: makes connections.
#pragma once

#include <optional>
#include <string>

#include "net/stream.h"

namespace waybill::net {

/// Connects to `to`, from `source` if given. Errors: timeout, refused, io (unreachable, no route…).
[[nodiscard]] Task<Result<Stream>> connect(Loop& loop, Endpoint to, std::optional<IpAddress> source,
                                           Steady deadline);
[[nodiscard]] Task<Result<Stream>> connect_unix(Loop& loop, std::string path, Steady deadline);

}  // namespace waybill::net
