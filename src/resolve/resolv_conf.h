// resolv_conf.h: the name servers that the system is told to use. Nothing else of that file counts here: no
// search list (RFC 5321 2.3.5), no options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace waybill::resolve {

/// The `nameserver` lines, port 53; lines that make no sense are passed over. Pure.
[[nodiscard]] std::vector<Endpoint> parse_resolv_conf(std::string_view text);
[[nodiscard]] Result<std::vector<Endpoint>> read_resolv_conf(const std::string& path = "/etc/resolv.conf");

}  // namespace waybill::resolve
