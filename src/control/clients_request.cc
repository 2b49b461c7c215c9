#include "control/clients_request.h"

#include <charconv>

#include "base/bytes.h"

namespace waybill::control {

Result<ClientsRequest> clients_request(const QueryFields& query) {
  ClientsRequest request;
  for (const auto& [name, value] : query) {
    if (name == "domain" && value.size() <= 255) {
      request.domain = to_lower(value);
    } else if (name == "by" && (value == "policy" || value == "domain")) {
      request.by = value == "policy" ? ClientsBy::policy : ClientsBy::domain;
    } else if (name == "examples") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), request.examples);
      const bool whole = error == std::errc{} && end == value.data() + value.size();
      if (whole && request.examples <= kClientExamplesMax) continue;
      return fail(Errc::invalid, "examples: '{}' is not a number from 0 to {}", printable(value, 20),
                  kClientExamplesMax);
    } else {
      return fail(Errc::invalid, "'{}={}': unknown", printable(name, 40), printable(value, 40));
    }
  }
  return request;
}

Result<ClientsSeenRequest> clients_seen_request(const QueryFields& query) {
  ClientsSeenRequest request;
  for (const auto& [name, value] : query) {
    if (name != "client" && name != "name") return fail(Errc::invalid, "'{}': unknown", printable(name, 40));
    if (value.size() > 255) return fail(Errc::invalid, "{}: too long", name);
    (name == "client" ? request.client : request.name) = value;
  }
  if (request.client.empty()) return fail(Errc::invalid, "client: missing");
  return request;
}

}  // namespace waybill::control
