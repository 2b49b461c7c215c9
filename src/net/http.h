// http.h: an HTTP/1.1 request and response as values, shared by the server and the client side.
// Header names are kept in lower case; a repeated one has its values joined by ", " (RFC 9110 5.3).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace waybill::net {

struct HttpRequest {
  std::string method = "GET";  ///< as sent: "GET", "POST", …
  std::string target = "/";    ///< path and query as sent, not decoded; at most HttpLimits::header_octets_max
  std::map<std::string, std::string> headers;
  std::string body;

  /// The header's value; "" when absent. `name` in lower case.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    const auto at = headers.find(std::string(name));
    return at == headers.end() ? std::string_view() : std::string_view(at->second);
  }
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers;  ///< further ones; Content-Length and Connection are ours
  std::string body;
};

}  // namespace waybill::net
