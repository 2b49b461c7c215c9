// way.cc: the values of [route]: via (one way, several, an action) and auth.
#include <algorithm>

#include "config/kinds.h"

namespace waybill::config {
namespace {
constexpr std::string_view kForms =
    "\"mx\", \"relay.isp.example\", \"[relay.isp.example]:587\", a list of these, \"discard\", \"hold\" or "
    "'refuse \"text\"'";
constexpr std::string_view kRefuse = "refuse";
constexpr size_t kWaysMax = 16;
/// With "550 5.7.1 " it stays well within a reply line of 512 octets (RFC 5321 4.5.3.1.5).
constexpr size_t kTextMax = 400;

Result<std::string> refusal_text(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.empty())
    return fail(Errc::invalid, "refuse needs a text for the sender: via = 'refuse \"we have moved\"'");
  if (text.size() > kTextMax) return fail(Errc::invalid, "a refusal's text has {} octets at most", kTextMax);
  if (std::ranges::any_of(text, [](char c) { return c < ' ' || c > '~'; }))
    return fail(Errc::invalid, "a refusal's text is one line of ASCII: it stands in an SMTP reply");
  return std::string(text);
}

bool is_action(std::string_view text) {
  return text == "discard" || text == "hold" || text == kRefuse || text.starts_with("refuse ");
}

Result<Way> parse_way(std::string_view text) {
  Way out;
  if (text == "discard" || text == "hold") {
    out.action = text == "hold" ? RouteAction::hold : RouteAction::discard;
    return out;
  }
  if (is_action(text)) {
    auto reason = refusal_text(text.substr(kRefuse.size()));
    if (!reason) return pass(reason.error());
    out.action = RouteAction::refuse;
    out.text = std::move(*reason);
    return out;
  }
  auto via = parse_via(text);
  if (!via) return pass(via.error());
  out.hosts = {std::move(*via)};
  return out;
}

void read_list(const Scope& scope, const toml::array& list, Way& out) {
  if (list.empty() || list.size() > kWaysMax)
    return scope.bad_value(list, fmt::format("a list of ways has 1 to {} of them", kWaysMax));
  Way way;
  way.hosts.clear();
  for (size_t n = 0; n < list.size(); ++n) {
    const Scope item = scope.item(n);
    const std::string* text = text_of(item, *list.get(n), "\"mx\" or a host");
    if (text == nullptr) return;
    if (is_action(*text))
      return item.bad_value(*list.get(n), fmt::format("{} stands alone, not in a list of ways", *text));
    auto via = parse_via(*text);
    if (!via) return item.bad_value(*list.get(n), via.error().what);
    if (std::ranges::find(way.hosts, *via) != way.hosts.end())
      return item.bad_value(*list.get(n), fmt::format("{} stands in the list twice", *text));
    way.hosts.push_back(std::move(*via));
  }
  out = std::move(way);
  scope.remember(list);
}
}  // namespace

void WayKind::read(const Scope& scope, const toml::node& node, Way& out) const {
  if (const auto* list = node.as_array()) return read_list(scope, *list, out);
  const std::string* text = text_of(scope, node, kForms);
  if (text == nullptr) return;
  auto way = parse_way(*text);
  if (!way) return scope.bad_value(node, way.error().what);
  out = std::move(*way);
  scope.remember(node);
}

std::string WayKind::show(const Way& value) const {
  if (value.action != RouteAction::deliver || value.hosts.size() == 1) return toml_text(value.to_string());
  std::string out = "[";
  for (const Via& via : value.hosts)
    out += fmt::format("{}{}", out.size() == 1 ? "" : ", ", toml_text(via.to_string()));
  return out + "]";
}

void AuthKind::read(const Scope& scope, const toml::node& node, RouteAuth& out) const {
  constexpr std::string_view kForm = "a table, { user = \"…\", password_file = \"…\" }";
  const auto* table = node.as_table();
  if (table == nullptr) return scope.wrong_type(node, kForm);
  RouteAuth auth;
  for (const auto& [key, value] : *table) {
    if (key.str() == "user") {
      Text{"user name"}.read(scope.at("user"), value, auth.user);
    } else if (key.str() == "password_file") {
      Path{}.read(scope.at("password_file"), value, auth.password_file);
    } else if (key.str() == "password") {
      // The configuration is shown, mailed and put into version control; a secret must not be in it.
      scope.at("password")
          .bad_value(value,
                     "a password does not stand in the configuration: put it into a file "
                     "that only waybill can read, and name that as password_file");
      return;
    } else {
      return scope.bad_value(value, fmt::format("'{}' is no key of auth: it has user and password_file",
                                                printable(key.str(), 40)));
    }
  }
  if (auth.user.empty() || auth.password_file.empty())
    return scope.bad_value(node, "auth needs a user and a password_file");
  if (auth.user.size() > 255) return scope.bad_value(node, "a user's name has 255 octets at most");
  out = std::move(auth);
  scope.remember(node);
}

std::string AuthKind::show(const RouteAuth& value) const {
  return fmt::format("{{ user = {}, password_file = {} }}", toml_text(value.user),
                     toml_text(value.password_file));
}

}  // namespace waybill::config
