// bound_socket.h: a non-blocking socket bound to an address; private to net/. What listens on it is the
// caller's.
#pragma once

#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace waybill::net {

/// `type`: SOCK_STREAM or SOCK_DGRAM. Port 0 takes a free one. IPv6 sockets serve IPv6 only. A stream's port
/// may be taken again at once after its last owner (SO_REUSEADDR). Errors: the system's, with `doing` before
/// them. The descriptor is the caller's to close.
[[nodiscard]] Result<int> bound_socket(int type, const Endpoint& at, std::string_view doing);

}  // namespace waybill::net
