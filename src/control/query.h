// query.h: the target of a request: "/v1/queue?domain=example.org&limit=10" taken apart and put together
// (RFC 3986 3.3, 3.4; '+' stands for a space in a query, as forms and curl's --data-urlencode write it).
// Pure. Hostile text ends in `invalid`: bad percent signs, NULs, more than kQueryFieldsMax fields.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace waybill::control {

using QueryFields = std::vector<std::pair<std::string, std::string>>;
inline constexpr size_t kQueryFieldsMax = 32;

struct Target {
  std::string path;  ///< decoded, begins with '/'
  QueryFields query;
};

[[nodiscard]] Result<Target> parse_target(std::string_view target);
/// `path` as it is, with the fields behind it, percent-encoded.
[[nodiscard]] std::string make_target(std::string_view path, const QueryFields& fields);
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace waybill::control
