// parse.cc: walks the TOML tree along the schema's tables; every fault is collected, none ends the walk.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "config/kinds.h"
#include "config/schema.h"

namespace waybill::config {
namespace {

// "[domain.example.org]" without quotes nests tables that no schema knows; say what was meant.
constexpr std::string_view kQuoteNames = "a name with dots stands in quotes";

// The section that has a key of this name, when the one at hand has not.
std::string elsewhere(std::string_view name, std::string_view here) {
  std::string out;
  for (const DocumentedKey& key : documented_keys()) {
    if (key.name != name || key.section == here) continue;
    const std::string place = key.section.empty() ? "at the top, before any [section]" : "in " + key.section;
    out += fmt::format("{}{}", out.empty() ? "" : " or ", place);
  }
  return out;
}

void unknown_key(const Scope& scope, const toml::key& key, std::string_view section,
                 std::span<const std::string_view> known) {
  if (scope.reader.full()) return;  // a guess costs more than an error
  const std::string name = printable(key.str(), 60);
  std::string message = section.empty() ? fmt::format("unknown key '{}'", name)
                                        : fmt::format("unknown key '{}' in {}", name, section);
  if (const std::string_view meant = nearest(key.str(), known); !meant.empty()) {
    message += fmt::format("; did you mean '{}'?", meant);
  } else if (const std::string place = elsewhere(key.str(), section); !place.empty()) {
    message += fmt::format("; it belongs {}", place);
  }
  scope.reader.error(key.source(), std::move(message));
}

template <class S>
void read_keys(const Scope& scope, const toml::table& table, const Section<S>& section,
               std::string_view title, S& out, std::span<const std::string_view> also_known = {}) {
  std::vector<std::string_view> known(also_known.begin(), also_known.end());
  for (const auto& key : section.keys) known.push_back(key.name);
  for (const auto& [key, node] : table) {
    const auto found = std::ranges::find(section.keys, key.str(), &Key<S>::name);
    if (found != section.keys.end()) {
      found->read(scope.at(key.str()), node, out);
    } else if (std::ranges::find(also_known, key.str()) == also_known.end()) {
      unknown_key(scope, key, title, known);
    }
  }
}

void read_tls_pair(const Scope& scope, const toml::table& table, const TlsFiles& files,
                   std::string_view certificate, std::string_view key) {
  if (files.certificate.empty() == files.key.empty()) return;
  const bool lacks_key = files.key.empty();
  scope.reader.error(table.source(),
                     fmt::format("{} has a {} but no {}: TLS needs both", scope.path,
                                 lacks_key ? certificate : key, lacks_key ? key : certificate));
}

void read_listener(const Scope& scope, const toml::node& node, const TlsFiles& global,
                   std::vector<Listener>& out) {
  const auto* table = node.as_table();
  if (table == nullptr) return scope.wrong_type(node, "a table, [[listener]]");
  Listener listener;
  const size_t errors = scope.reader.errors().size();
  read_keys(scope, *table, listener_section(), "[[listener]]", listener);
  scope.remember(node);
  if (!table->contains("address")) {
    return scope.reader.error(node.source(),
                              "this [[listener]] needs an address, such as address = \"0.0.0.0:25\"");
  }
  read_tls_pair(scope, *table, listener.tls, "tls_certificate", "tls_key");
  if (listener.tls.certificate.empty() && listener.tls.key.empty()) listener.tls = global;
  if (scope.reader.errors().size() != errors) return;
  if (listener.role == Role::lmtp) {
    return scope.at("role").bad_value(*table->get("role"),
                                      "an lmtp listener is not served yet: use mx or submission");
  }
  if (listener.role == Role::submissions && !listener.tls.present()) {
    return scope.at("role").bad_value(
        *table->get("role"),
        "submissions speaks TLS from the first octet (RFC 8314): give tls_certificate "
        "and tls_key here, or certificate and key in [tls]");
  }
  if (listener.address.port != 0 &&
      std::ranges::find(out, listener.address, &Listener::address) != out.end()) {
    return scope.at("address").bad_value(
        *table->get("address"), fmt::format("another listener has {} already", listener.address.to_string()));
  }
  out.push_back(std::move(listener));
}

void read_listeners(Reader& reader, const toml::key& key, const toml::node& node, const TlsFiles& global,
                    Config& out) {
  const auto* array = node.as_array();
  if (array == nullptr) {
    return reader.error(key.source(), "a listener is one of several: write [[listener]] with two brackets");
  }
  out.listeners.clear();
  for (size_t i = 0; i < array->size(); ++i) {
    read_listener({reader, fmt::format("listener[{}]", i)}, *array->get(i), global, out.listeners);
  }
  if (array->empty()) reader.error(node.source(), "an empty list of listeners: leave it out for port 25");
}

// What only a backup has: elsewhere it would be believed to work.
void check_backup(const Scope& scope, const toml::table& table, Domain& domain) {
  const bool listed = domain.users.has_value() || table.contains("users_file");
  if (domain.role != DomainRole::backup) {
    for (const std::string_view name : {"recipients", "unknown_recipients", "hold_for", "bounce_refused"}) {
      if (!table.contains(name)) continue;
      scope.at(name).bad_value(*table.get(name), fmt::format("only a domain with role = \"backup\" has this; "
                                                             "{} is a {}",
                                                             domain.name.text(), to_string(domain.role)));
    }
    return;
  }
  if (!table.contains("recipients")) {
    if (listed) domain.recipients = RecipientSource::list;
    return;
  }
  const toml::node& given = *table.get("recipients");
  if (domain.recipients == RecipientSource::list && !listed)
    return scope.at("recipients").bad_value(given, "which list? users = [\"…\"] gives one");
  if (domain.recipients != RecipientSource::list && listed) {
    return scope.at("recipients")
        .bad_value(given,
                   fmt::format("there is a list of users: recipients = \"list\", or {} without the list",
                               to_string(domain.recipients)));
  }
}

// Which values belong together (design.md: role decides what else a domain may have).
void check_domain(const Scope& scope, const toml::table& table, Domain& domain) {
  const bool primary = domain.role == DomainRole::primary;
  check_backup(scope, table, domain);
  if (!primary && domain.mailboxes) {
    return scope.at("mailboxes")
        .bad_value(
            *table.get("mailboxes"),
            fmt::format("a {} domain has no mailboxes here; role = \"primary\" has", to_string(domain.role)));
  }
  if (!primary) return;
  if (!domain.mailboxes) domain.mailboxes.emplace();
  // An LMTP server knows its users and answers for each; a Maildir answers nothing.
  if (domain.mailboxes->kind == Mailboxes::Kind::maildir && !table.contains("users")) {
    scope.reader.error(
        table.source(),
        fmt::format("{} delivers to Maildirs and needs users = [\"…\"]: who exists (or [\"*\"] for "
                    "everyone)",
                    scope.path));
  }
}

void read_domain(Reader& reader, const toml::key& key, const toml::node& node, Config& out) {
  const auto* table = node.as_table();
  if (table == nullptr) {
    return unknown_key({reader, "domain"}, key, "[domain]", {});
  }
  Domain domain;
  auto name = mail::Domain::parse(key.str());
  if (!name || name->is_literal()) {
    return reader.error(key.source(), name ? fmt::format("'{}' is an address, not a domain", key.str())
                                           : fmt::format("[domain.\"…\"]: {}", name.error().what));
  }
  domain.name = *name;
  const Scope scope{reader, fmt::format("domain.\"{}\"", name->text())};
  if (scope.known()) {
    return reader.error(key.source(), fmt::format("the domain {} stands here twice", name->text()));
  }
  const size_t errors = reader.errors().size();
  for (const auto& [inner, value] : *table) {
    if (value.is_table()) {
      return reader.error(inner.source(), fmt::format("{}: [domain.\"{}.{}\"]", kQuoteNames,
                                                      printable(key.str(), 60), printable(inner.str(), 60)));
    }
  }
  read_keys(scope, *table, domain_section(), "[domain.\"NAME\"]", domain);
  scope.remember(node);
  if (reader.errors().size() == errors) check_domain(scope, *table, domain);
  out.domains.push_back(std::move(domain));
}

Result<std::string> route_pattern(std::string_view text) {
  if (text == "*") return std::string(text);
  const bool wild = text.starts_with("*.");
  auto name = mail::Domain::parse(wild ? text.substr(2) : text);
  if (!name)
    return fail(Errc::invalid, "'{}' is no pattern: \"*\", \"example.org\" or \"*.example.org\"",
                printable(text, 60));
  return wild ? "*." + name->text() : name->text();
}

// What only makes sense together.
void check_route(const Scope& scope, const toml::table& table, const Route& route) {
  const bool delivers = route.via.action == RouteAction::deliver;
  const bool named = delivers && std::ranges::all_of(route.via.hosts, [](const Via& one) {
                       return one.kind == Via::Kind::relay;
                     });
  if (named) return;
  const char* name = route.auth                         ? "auth"
                     : route.tls != RouteTls::automatic ? "tls"
                     : !route.ca_file.empty()           ? "ca_file"
                                                        : nullptr;
  if (name == nullptr) return;
  scope.at(name).bad_value(
      *table.get(name),
      fmt::format("{} is for hosts that the route names itself: via = \"[relay.isp.example]:587\"", name));
}

void read_one_route(const Scope& scope, const std::string& pattern, const toml::key& key,
                    const toml::table& table, Config& out) {
  for (const auto& [inner, value] : table) {
    if (!value.is_table() || inner.str() == "auth") continue;
    return scope.reader.error(inner.source(),
                              fmt::format("{}: [route.\"{}.{}\"]", kQuoteNames, printable(key.str(), 60),
                                          printable(inner.str(), 60)));
  }
  Route route;
  route.pattern = pattern;
  route.position = scope.path;
  const size_t errors = scope.reader.errors().size();
  read_keys(scope, table, route_section(), "[route.\"PATTERN\"]", route);
  scope.remember(table);
  if (scope.reader.errors().size() == errors) check_route(scope, table, route);
  out.routes.push_back(std::move(route));
}

void read_route(Reader& reader, const toml::key& key, const toml::node& node, Config& out) {
  const auto* table = node.as_table();
  const auto* several = node.as_array();
  if (table == nullptr && (several == nullptr || !several->is_array_of_tables())) {
    return reader.error(
        key.source(), fmt::format("write [route.\"{}\"] and below it via = \"…\"", printable(key.str(), 60)));
  }
  auto pattern = route_pattern(key.str());
  if (!pattern) return reader.error(key.source(), pattern.error().what);
  const Scope scope{reader, fmt::format("route.\"{}\"", *pattern)};
  if (scope.known()) {
    return reader.error(key.source(), fmt::format("the route \"{}\" stands here twice", *pattern));
  }
  if (table != nullptr) return read_one_route(scope, *pattern, key, *table, out);
  for (size_t n = 0; n < several->size(); ++n)
    read_one_route(scope.item(n), *pattern, key, *several->get(n)->as_table(), out);
  scope.remember(node);
}

template <class F>
void read_named_tables(Reader& reader, std::string_view kind, const toml::key& key, const toml::node& node,
                       Config& out, F&& read) {
  const auto* tables = node.as_table();
  if (tables == nullptr) {
    return reader.error(key.source(), fmt::format("write [{0}.\"NAME\"], one table for each {0}", kind));
  }
  for (const auto& [name, inner] : *tables) {
    read(reader, name, inner, out);
  }
}

// "*" ranks last; of two wildcards the longer name is the more specific; a plain name beats any wildcard.
int64_t specificity(const Route& route) {
  if (route.pattern == "*") return -1;
  if (route.pattern.starts_with("*.")) return static_cast<int64_t>(split(route.pattern, '.').size());
  return std::numeric_limits<int64_t>::max();
}

// What only the whole tells.
void check_whole(Reader& reader, Config& config) {
  const auto complain = [&](std::string_view path, std::string message) {
    const Where at = reader.positions().find(path);
    if (reader.errors().size() < kErrorsMax)
      reader.errors().push_back({reader.file(), at.line, at.column, std::move(message)});
  };
  if (config.queue.retry_max < config.queue.retry_first) {
    complain(reader.positions().find("queue.retry_max").line != 0 ? "queue.retry_max" : "queue.retry_first",
             fmt::format("queue.retry_max ({}) is shorter than queue.retry_first ({})",
                         format_duration(config.queue.retry_max), format_duration(config.queue.retry_first)));
  }
  if (config.callout.refresh_after > config.callout.known_for) {
    complain("callout.refresh_after",
             fmt::format(
                 "callout.refresh_after ({}) is longer than callout.known_for ({}): it would never come",
                 format_duration(config.callout.refresh_after), format_duration(config.callout.known_for)));
  }
  if (config.limits.command_timeout > config.limits.session_deadline) {
    complain("limits.command_timeout",
             "limits.command_timeout is longer than limits.session_deadline: it would never come");
  }
  for (const Route& route : config.routes) {
    for (const Via& via : route.via.hosts) {
      // Handing mail to ourselves on the MX port is a loop with extra steps.
      if (via.kind == Via::Kind::mx || via.port.has_value()) continue;
      if (via.host != config.hostname &&
          std::ranges::find(config.self_names, via.host) == config.self_names.end())
        continue;
      complain(route.position + ".via",
               fmt::format("{} is this host itself: mail would go round in a loop", via.host.text()));
    }
  }
}

void finish(Config& config) {
  if (config.hostname.empty()) config.hostname = machine_hostname();
  if (config.control.socket.empty())
    config.control.socket = (std::filesystem::path(config.data_dir) / "control.sock").string();
  std::ranges::sort(config.domains, {}, &Domain::name);
  const auto takes_all = [](const Route& route) { return route.pattern == "*" && !route.conditional(); };
  if (std::ranges::none_of(config.routes, takes_all)) {
    Route& builtin = config.routes.emplace_back();
    builtin.pattern = "*";
    builtin.position = "route.\"*\"";  // as where it is written out
  }
  std::ranges::stable_sort(config.routes, {}, &Route::pattern);
  std::ranges::stable_sort(config.routes, std::ranges::greater{}, specificity);
}

Config read_all(Reader& reader, const toml::table& root) {
  Config out;
  std::vector<std::string_view> sections{"listener", "domain", "route"};
  for_each_plain_section([&](const auto& section, auto) { sections.push_back(section.name); });
  read_keys({reader, ""}, root, top_section(), "", out, sections);
  for_each_plain_section([&](const auto& section, auto member) {
    const toml::node* node = root.get(section.name);
    if (node == nullptr) return;
    const Scope scope{reader, std::string(section.name)};
    const auto* table = node->as_table();
    if (table == nullptr)
      return scope.wrong_type(*node, fmt::format("a section: [{}] on a line of its own", section.name));
    scope.remember(*node);
    read_keys(scope, *table, section, fmt::format("[{}]", section.name), out.*member);
  });
  if (const auto* tls = root.get_as<toml::table>("tls"); tls != nullptr) {
    read_tls_pair({reader, "[tls]"}, *tls, out.tls, "certificate", "key");
  }
  for (auto& listener : out.listeners) listener.tls = out.tls;
  for (const auto& [key, node] : root) {
    if (key.str() == "listener") read_listeners(reader, key, node, out.tls, out);
    if (key.str() == "domain") {
      read_named_tables(reader, "domain", key, node, out, read_domain);
    }
    if (key.str() == "route") {
      read_named_tables(reader, "route", key, node, out, read_route);
    }
  }
  return out;
}

std::expected<Config, Errors> parse_in(std::string_view text, const std::string& filename,
                                       const std::filesystem::path& folder) {
  const auto whole = [&](std::string message) {
    return std::unexpected(Errors{{filename, 0, 0, std::move(message)}});
  };
  if (text.size() > kFileOctetsMax)
    return whole(fmt::format("larger than {}: not a configuration", format_size(kFileOctetsMax)));
  Reader reader(filename, folder);
  try {
    const toml::table root = toml::parse(text, filename);
    Config config = read_all(reader, root);
    if (reader.errors().empty()) {
      finish(config);
      check_whole(reader, config);
    }
    if (reader.errors().empty()) {
      config.positions = std::move(reader.positions());
      return config;
    }
  } catch (const toml::parse_error& error) {
    // The grammar itself is broken: what follows the first fault can't be trusted.
    reader.error(error.source(), printable(error.description(), 400));
  }
  std::ranges::stable_sort(reader.errors(), [](const Located& a, const Located& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return std::unexpected(std::move(reader.errors()));
}
}  // namespace

std::expected<Config, Errors> parse(std::string_view text, const std::string& filename) {
  return parse_in(text, filename, std::filesystem::path(filename).parent_path());
}

std::expected<Config, Errors> load(const std::filesystem::path& path) {
  const std::string name = path.string();
  const auto whole = [&](std::string message) {
    return std::unexpected(Errors{{name, 0, 0, std::move(message)}});
  };
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return whole(error.message());
  if (std::filesystem::is_directory(path, error)) return whole("is a folder, not a file");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return whole(errno_error("cannot be read").what);
  std::string text(kFileOctetsMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return whole(errno_error("cannot be read").what);
  text.resize(static_cast<size_t>(in.gcount()));
  return parse_in(text, name, absolute.parent_path());
}

}  // namespace waybill::config
