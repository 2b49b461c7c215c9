// what_if.h: the hosts that --down and --self of `waybill route` name, and whether a plan has them at all: a
// slip of the finger would otherwise change nothing, and say nothing. Pure.
#pragma once

#include <string>
#include <vector>

#include "route/plan.h"
#include "route/request.h"

namespace waybill::cli {

/// Adds each of `texts`, a host name, an address or (down) a network, to the request. Errors: which is none.
[[nodiscard]] Status add_down(const std::vector<std::string>& texts, route::Request& request);
[[nodiscard]] Status add_self(const std::vector<std::string>& texts, route::Self& self);

/// One sentence for each of `down` and `self`, as they were given, that names no host of `plan`.
[[nodiscard]] std::vector<std::string> what_if_notes(const std::vector<std::string>& down,
                                                     const std::vector<std::string>& self,
                                                     const route::Plan& plan);

}  // namespace waybill::cli
