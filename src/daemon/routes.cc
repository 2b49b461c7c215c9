#include "daemon/routes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/log.h"
#include "net/tls.h"

namespace waybill::daemon {
namespace {
constexpr size_t kPasswordMax = 1024;

Result<route::Entry> to_entry(const config::Route& from, size_t number) {
  auto way = route::Way::parse(from.via.to_string());
  if (!way) return pass(way.error());
  route::Entry out;
  out.pattern = from.pattern;
  out.way = std::move(*way);
  out.senders = from.senders;
  out.listeners = from.listeners;
  out.number = number;
  return out;
}

// With credentials the certificate counts: whoever can answer for the host would get them otherwise.
deliver::TlsPolicy policy_of(const config::Route& route, config::ClientTls otherwise) {
  switch (route.tls) {
    case config::RouteTls::encrypt:
      return deliver::TlsPolicy::encrypt;
    case config::RouteTls::verify:
      return deliver::TlsPolicy::verify;
    case config::RouteTls::automatic:
      break;
  }
  if (route.auth) return deliver::TlsPolicy::verify;
  return otherwise == config::ClientTls::off ? deliver::TlsPolicy::never : deliver::TlsPolicy::opportunistic;
}

std::string site_of(const config::Route& route, deliver::TlsPolicy tls) {
  std::string out;
  // Two files may hold two passwords of one user's: their mail is kept apart, too.
  if (route.auth) out += fmt::format(" as {} ({})", route.auth->user, route.auth->password_file);
  if (tls == deliver::TlsPolicy::encrypt) out += ", TLS";
  if (tls == deliver::TlsPolicy::verify)
    out += route.ca_file.empty() ? std::string(", verified TLS")
                                 : fmt::format(", TLS verified by {}", route.ca_file);
  return out;
}

std::string remedy_of(const config::Route& route) {
  return fmt::format(
      "the route \"{}\" signs in as {} with the password in {}: correct whichever is wrong, then 'waybill "
      "reload'",
      route.pattern, route.auth->user, route.auth->password_file);
}

Channel read_channel(const config::Route& route, config::ClientTls otherwise) {
  Channel out;
  out.tls = policy_of(route, otherwise);
  out.site = site_of(route, out.tls);
  if (out.tls == deliver::TlsPolicy::verify) {
    auto context = net::TlsContext::verifying_client(route.ca_file);
    if (!context) {
      out.fault = context.error().what;
      return out;
    }
    out.tls_context = std::move(*context);
  }
  if (!route.auth) return out;
  auto password = read_password(route.auth->password_file);
  if (!password) {
    out.fault = password.error().what;
    return out;
  }
  out.credentials = std::make_shared<const deliver::Credentials>(
      deliver::Credentials{.user = route.auth->user,
                           .password = std::move(*password),
                           .account = fmt::format("{} ({})", route.auth->user, route.auth->password_file),
                           .remedy = remedy_of(route)});
  return out;
}
}  // namespace

Result<route::RouteTable> route_table(const config::Config& config) {
  route::RouteTable out;
  for (size_t n = 0; n < config.routes.size(); ++n) {
    auto entry = to_entry(config.routes[n], n);
    if (!entry) return pass(entry.error());
    if (Status added = out.add(std::move(*entry)); !added && added.error().code != Errc::exists)
      return pass(added.error());
  }
  return out;
}

route::RouteTable usable_route_table(const config::Config& config) {
  route::RouteTable out;
  for (size_t n = 0; n < config.routes.size(); ++n) {
    auto entry = to_entry(config.routes[n], n);
    Status added = entry ? out.add(std::move(*entry)) : Status(pass(entry.error()));
    // One that can't be reached is `config check`'s to tell.
    if (!added && added.error().code != Errc::exists)
      log::error("route left out", {{"pattern", config.routes[n].pattern}, {"why", added.error().what}});
  }
  return out;
}

std::vector<Channel> read_channels(const config::Config& config) {
  std::vector<Channel> out;
  out.reserve(config.routes.size());
  for (const config::Route& route : config.routes) {
    out.push_back(read_channel(route, config.deliver.tls));
    if (!out.back().fault.empty()) {
      log::error("a route can't be used: its mail waits",
                 {{"pattern", route.pattern}, {"via", route.via.to_string()}, {"why", out.back().fault}});
    }
  }
  return out;
}

std::set<std::string> accounts_of(const std::vector<Channel>& channels) {
  std::set<std::string> out;
  for (const Channel& one : channels) {
    if (one.credentials) out.insert(one.credentials->account);
  }
  return out;
}

void Channel::apply(deliver::Targets& targets) const {
  targets.tls = tls;
  if (!fault.empty() && targets.decision == deliver::TargetsDecision::deliver) {
    // Our own fault, so it waits: 4.3.5, system incorrectly configured (RFC 3463 3.4).
    targets.decision = deliver::TargetsDecision::defer;
    targets.reply = {451, {4, 3, 5}, fault};
    return;
  }
  targets.tls_context = tls_context;
  targets.credentials = credentials;
  if (!targets.site_key.empty()) targets.site_key += site;
}

Result<std::string> read_password(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return pass(errno_error(fmt::format("the password file {} can't be opened", path)));
  struct stat about{};
  std::array<char, kPasswordMax + 3> buffer{};
  const bool known = ::fstat(fd, &about) == 0;
  const ssize_t got = known && S_ISREG(about.st_mode) ? ::read(fd, buffer.data(), buffer.size()) : 0;
  const int why = errno;
  ::close(fd);
  if (!known || !S_ISREG(about.st_mode))
    return fail(Errc::invalid, "the password file {} is no regular file", path);
  if ((about.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return fail(Errc::refused, "the password file {} is open to every user of this machine: chmod 0600 {}",
                path, path);
  }
  errno = why;
  if (got < 0) return pass(errno_error(fmt::format("the password file {} can't be read", path)));
  std::string_view text(buffer.data(), static_cast<size_t>(got));
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return fail(Errc::invalid, "the password file {} is empty", path);
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text.size() > kPasswordMax || std::ranges::any_of(text, control)) {
    return fail(Errc::invalid, "the password file {} must hold one line of at most {} octets", path,
                kPasswordMax);
  }
  return std::string(text);
}

std::optional<mail::Reply> refused_by_route(const route::RouteTable& table, const route::Query& query) {
  const route::Choice choice = table.choose(query);
  if (choice.way.kind != route::Way::Kind::refuse) return std::nullopt;
  return mail::Reply{550, {5, 7, 1}, choice.way.text};
}

}  // namespace waybill::daemon
