#include "cli/config_routes.h"

#include <algorithm>

#include "daemon/routes.h"
#include "net/tls.h"

namespace waybill::cli {
namespace {
using config::Route;

/// Every pattern of `narrow` is one of `wide`, or `wide` has none and takes all.
template <class Pattern>
bool covers(const std::vector<Pattern>& wide, const std::vector<Pattern>& narrow) {
  if (wide.empty()) return true;
  if (narrow.empty()) return false;
  return std::ranges::all_of(
      narrow, [&wide](const Pattern& one) { return std::ranges::find(wide, one) != wide.end(); });
}

bool takes_all_of(const Route& before, const Route& after) {
  return before.pattern == after.pattern && covers(before.senders, after.senders) &&
         covers(before.listeners, after.listeners);
}

bool has_listener(const config::Config& config, const mail::ListenerPattern& wanted) {
  if (wanted.matches("control") || wanted.matches("bounce")) return true;
  return std::ranges::any_of(config.listeners, [&wanted](const config::Listener& one) {
    return wanted.matches(fmt::format("{} {}", config::to_string(one.role), one.address.to_string()));
  });
}

class RouteChecker {
 public:
  explicit RouteChecker(const config::Config& config) : config_(config) {}

  std::vector<RouteFault> run() {
    for (size_t n = 0; n < config_.routes.size(); ++n) {
      const Route& route = config_.routes[n];
      if (config_.positions.find(route.position).line == 0) continue;  // the built-in one
      check_reach(n);
      check_domain(route);
      check_listeners(route);
      check_auth(route);
      check_roots(route);
    }
    return std::move(faults_);
  }

 private:
  void add(Level level, std::string id, std::string subject, std::string message, std::string fix = {}) {
    faults_.push_back({level, std::move(id), std::move(subject), std::move(message), std::move(fix)});
  }

  void check_reach(size_t n) {
    const Route& route = config_.routes[n];
    for (size_t before = 0; before < n; ++before) {
      const Route& other = config_.routes[before];
      if (!takes_all_of(other, route)) continue;
      const config::Where at = config_.positions.find(other.position);
      return add(Level::warning, "route-unreachable", route.position,
                 fmt::format("no mail reaches this entry of \"{}\": the one at line {} takes all of it",
                             route.pattern, at.line),
                 other.conditional() ? std::string() : std::string("put the entry without conditions last"));
    }
  }

  void check_domain(const Route& route) {
    const auto name = mail::Domain::parse(route.pattern);
    const config::Domain* domain = name ? config_.find_domain(*name) : nullptr;
    if (domain == nullptr || domain->role == config::DomainRole::relay) return;
    add(Level::warning, "route-no-effect", route.position,
        domain->role == config::DomainRole::primary
            ? fmt::format("{} ends here, so no route applies to it", route.pattern)
            : fmt::format("this host is a backup for {}, whose mail goes to better MXs and no other way",
                          route.pattern));
  }

  void check_listeners(const Route& route) {
    for (const mail::ListenerPattern& one : route.listeners) {
      if (has_listener(config_, one)) continue;
      add(Level::warning, "route-no-listener", route.position + ".listeners",
          fmt::format("there is no listener {}: this condition never holds", one.to_string()));
    }
  }

  void check_auth(const Route& route) {
    if (!route.auth) return;
    const std::string subject = route.position + ".auth";
    if (const auto password = daemon::read_password(route.auth->password_file); !password)
      add(Level::error, "route-password", subject, password.error().what);
    if (route.tls == config::RouteTls::encrypt) {
      add(Level::warning, "route-unverified", route.position + ".tls",
          "the password goes to whoever answers for the host: its certificate is not looked at",
          "tls = \"verify\", with ca_file where the host has roots of its own");
    }
  }

  void check_roots(const Route& route) {
    if (route.ca_file.empty()) return;
    if (const auto context = net::TlsContext::verifying_client(route.ca_file); !context)
      add(Level::error, "route-ca-file", route.position + ".ca_file", context.error().what);
  }

  const config::Config& config_;
  std::vector<RouteFault> faults_;
};
}  // namespace

std::vector<RouteFault> check_routes(const config::Config& config) { return RouteChecker(config).run(); }

}  // namespace waybill::cli
