// mailboxes.cc: the values of [domain], and the hosts of [route]: mailboxes, users, via.
#include <algorithm>
#include <charconv>

#include "config/kinds.h"

namespace waybill::config {
namespace {
constexpr std::string_view kMailboxesForms =
    "\"maildir:/var/mail/{domain}/{user}\", \"lmtp:unix:/run/lmtp\" or \"lmtp:127.0.0.1:24\"";

// host:port, [v6]:port; a port is required when `port_needed`.
struct HostPort {
  std::string host;
  std::optional<uint16_t> port;
  bool bracketed = false;
};

Result<HostPort> split_host_port(std::string_view text) {
  HostPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return fail(Errc::invalid, "'{}' has no closing bracket", text);
    out.host = text.substr(1, close - 1);
    out.bracketed = true;
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':')
      return fail(Errc::invalid, "'{}' has '{}' after the bracket", text, rest);
  } else {
    const size_t colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos) {
      return fail(Errc::invalid, "'{}': write an IPv6 address in brackets, [2001:db8::1]:25", text);
    }
    out.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (rest.empty()) return out;
  const std::string_view digits = rest.substr(1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) {
    return fail(Errc::invalid, "'{}': the port must be 1 to 65535", text);
  }
  out.port = port;
  return out;
}

Result<mail::Domain> host_of(std::string_view text) {
  if (const auto ip = IpAddress::parse(text)) return mail::Domain::literal(*ip);
  return mail::Domain::parse(text);
}

// A mistyped placeholder would put everyone's mail into a folder named "{usr}".
Status check_template(std::string_view path) {
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '}') return fail(Errc::invalid, "'{}' has a stray '}}'", path);
    if (path[at] != '{') continue;
    const size_t close = path.find('}', at);
    const std::string_view name =
        path.substr(at + 1, close == std::string_view::npos ? close : close - at - 1);
    if (close == std::string_view::npos || (name != "user" && name != "domain")) {
      return fail(Errc::invalid, "'{}': the placeholders are {{domain}} and {{user}}, not {{{}}}", path,
                  name);
    }
    at = close;
  }
  return {};
}

Result<Mailboxes> parse_mailboxes(std::string_view text, const std::filesystem::path& folder) {
  Mailboxes out;
  const auto path_of = [&](std::string_view path) { return (folder / path).lexically_normal().string(); };
  if (text.starts_with("maildir:")) {
    const std::string_view path = text.substr(8);
    if (path.empty()) return fail(Errc::invalid, "maildir: needs a path");
    if (auto fine = check_template(path); !fine) return pass(fine.error());
    out.path = path_of(path);
    return out;
  }
  if (text.starts_with("lmtp:unix:")) {
    out.kind = Mailboxes::Kind::lmtp_unix;
    const std::string_view path = text.substr(10);
    if (path.empty()) return fail(Errc::invalid, "lmtp:unix: needs the path of a socket");
    out.path = path_of(path);
    if (out.path.size() > 107) return fail(Errc::invalid, "a socket's path has 107 octets at most");
    return out;
  }
  if (text.starts_with("lmtp:")) {
    out.kind = Mailboxes::Kind::lmtp_tcp;
    auto at = split_host_port(text.substr(5));
    if (!at) return pass(at.error());
    // A name would have to be looked up for every delivery, and its failures told apart, as an MX's are.
    const auto ip = IpAddress::parse(at->host);
    if (!ip) {
      return fail(Errc::invalid, "'{}': '{}' is not an IP address; write lmtp:IP:PORT or lmtp:unix:PATH",
                  printable(text, 80), printable(at->host, 80));
    }
    if (!at->port) return fail(Errc::invalid, "'{}': LMTP has no port of its own; write lmtp:IP:PORT", text);
    out.server = {*ip, *at->port};
    return out;
  }
  return fail(Errc::invalid, "'{}' is none of {}", printable(text, 80), kMailboxesForms);
}

Status check_user(std::string_view user) {
  if (user.empty()) return fail(Errc::invalid, "a user's name is empty");
  if (user.size() > 64) return fail(Errc::invalid, "a local part has 64 octets at most (RFC 5321 4.5.3.1.1)");
  if (user.find('@') != std::string_view::npos) {
    return fail(Errc::invalid, "'{}': give the local part alone, without @domain", printable(user, 80));
  }
  // The name becomes a folder's name.
  if (user.find('/') != std::string_view::npos || user.front() == '.') {
    return fail(Errc::invalid, "'{}': a user's name has no '/' and does not begin with '.'",
                printable(user, 80));
  }
  if (user.find('+') != std::string_view::npos) {
    return fail(Errc::invalid, "'{}': what follows a '+' is not part of the user's name",
                printable(user, 80));
  }
  return {};
}
}  // namespace

void MailboxesKind::read(const Scope& scope, const toml::node& node, Mailboxes& out) const {
  const std::string* text = text_of(scope, node, kMailboxesForms);
  if (text == nullptr) return;
  auto value = parse_mailboxes(*text, scope.reader.folder());
  if (!value) return scope.bad_value(node, value.error().what);
  out = std::move(*value);
  scope.remember(node);
}

Result<Via> parse_via(std::string_view text) {
  Via out;
  if (text == "mx") return out;
  auto at = split_host_port(text);
  if (!at) return pass(at.error());
  auto host = host_of(at->host);
  if (!host) return pass(host.error());
  out.kind = at->bracketed ? Via::Kind::relay : Via::Kind::relay_mx;
  // An address has no MX records: it means the host itself, brackets or not.
  if (host->is_literal()) out.kind = Via::Kind::relay;
  out.host = std::move(*host);
  out.port = at->port;
  return out;
}

void Users::read(const Scope& scope, const toml::node& node, std::optional<Set>& out) const {
  const auto* array = node.as_array();
  if (array == nullptr)
    return scope.wrong_type(node, "a list of user names, [\"john\", \"postmaster\"], or [\"*\"] for all");
  Set users;
  bool everyone = false;
  for (size_t i = 0; i < array->size(); ++i) {
    const toml::node& item = *array->get(i);
    const std::string* text = text_of(scope.item(i), item, "a user's name");
    if (text == nullptr) continue;
    if (*text == "*") {
      everyone = true;
      continue;
    }
    if (auto fine = check_user(*text); !fine) {
      scope.item(i).bad_value(item, fine.error().what);
    } else if (!users.insert(to_lower(*text)).second) {
      scope.item(i).bad_value(item, fmt::format("'{}' stands in the list twice", *text));
    }
  }
  if (everyone && !users.empty())
    return scope.bad_value(node, "\"*\" means every user: nothing else belongs beside it");
  if (array->empty()) return scope.bad_value(node, "an empty list accepts nobody; [\"*\"] accepts everyone");
  out.reset();
  if (!everyone) out = std::move(users);
  scope.remember(node);
}

std::string Users::show(const std::optional<Set>& value) const {
  if (!value) return "[\"*\"]";
  std::string out = "[";
  for (const std::string& user : *value)
    out += fmt::format("{}{}", out.size() == 1 ? "" : ", ", toml_text(user));
  return out + "]";
}

}  // namespace waybill::config
