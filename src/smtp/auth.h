// auth.h: what a client says after AUTH (RFC 4954): PLAIN (RFC 4616) and LOGIN, which has no RFC and which
// many servers offer alone. Pure. What these return carries secrets: it goes to a connection and nowhere
// else.
#pragma once

#include <string>
#include <string_view>

namespace waybill::smtp {

/// RFC 4648 4, with padding.
[[nodiscard]] std::string base64(std::string_view octets);
/// RFC 4616 2: no authorization identity, the user, the password; as base64.
[[nodiscard]] std::string plain_response(std::string_view user, std::string_view password);

}  // namespace waybill::smtp
