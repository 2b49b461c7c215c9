// self.h: what this machine knows about its own addresses. Thread-safe; reads the interfaces each time.
#pragma once

#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace waybill::route {

/// Every address of every interface, loopback among them, sorted and without doubles. Errors: io.
[[nodiscard]] Result<std::vector<IpAddress>> local_addresses();

}  // namespace waybill::route
