// service.h: maps HTTP and JSON onto a Backend (docs/control-api.md lists the paths). Pure but for the
// backend: no socket here; net/http_server.h carries the octets.
//
// Who may do what: on the Unix socket the file's mode decides (Access::full); a TCP listener is read-only
// (Access::read_only): GET alone, and only under a Host that is an address, localhost or one of `hosts`, so
// that no web page can read the queue through a browser by DNS rebinding.
// Never trusts its input: every body is bounded by the HTTP server, nesting and numbers by the decoder.
#pragma once

#include <string>
#include <vector>

#include "control/backend.h"
#include "net/http_server.h"

namespace waybill::control {

enum class Access { full, read_only };

class Service {
 public:
  /// `hosts`: further names under which the TCP listener may be asked (lower case, without port).
  explicit Service(Backend& backend, std::vector<std::string> hosts = {})
      : backend_(backend), hosts_(std::move(hosts)) {}

  /// True for the paths that handle() knows: the rest may be the dashboard's.
  [[nodiscard]] static bool knows(std::string_view target);
  [[nodiscard]] net::Task<net::HttpResponse> handle(net::HttpRequest request, Access access);
  /// For serve_http(). The service outlives the handler.
  [[nodiscard]] net::HttpHandler handler(Access access) {
    return [this, access](net::HttpRequest request) { return handle(std::move(request), access); };
  }

 private:
  [[nodiscard]] bool host_allowed(std::string_view host) const;
  [[nodiscard]] net::Task<net::HttpResponse> act(std::string body);
  [[nodiscard]] net::Task<net::HttpResponse> inject(net::HttpRequest request);

  Backend& backend_;
  std::vector<std::string> hosts_;
};

}  // namespace waybill::control
