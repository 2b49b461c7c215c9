// aliases.cc: the values of [domain] that say who receives whose mail: aliases, catch_all, the delimiter.
#include <algorithm>
#include <cctype>

#include "config/kinds.h"
#include "config/recipients.h"

namespace waybill::config {
namespace {
constexpr std::string_view kReceiverForms = "\"john\", \"ann@example.net\" or a list of them";

std::string list_of(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values)
    out += fmt::format("{}{}", out.size() == 1 ? "" : ", ", toml_text(value));
  return out + "]";
}
}  // namespace

void Receivers::read(const Scope& scope, const toml::node& node, std::vector<std::string>& out) const {
  std::vector<std::string> values;
  if (node.is_string()) {
    if (const std::string* text = text_of(scope, node, kReceiverForms); text != nullptr)
      values.push_back(*text);
  } else if (const auto* array = node.as_array(); array != nullptr) {
    if (array->size() > kAliasTargetsMax)
      return scope.bad_value(node, fmt::format("more than {} addresses", kAliasTargetsMax));
    for (size_t i = 0; i < array->size(); ++i) {
      const std::string* text = text_of(scope.item(i), *array->get(i), "an address");
      if (text == nullptr) return;
      values.push_back(*text);
    }
  } else {
    return scope.wrong_type(node, kReceiverForms);
  }
  out = std::move(values);
  scope.remember(node);
}

std::string Receivers::show(const std::vector<std::string>& value) const { return list_of(value); }

void Aliases::read(const Scope& scope, const toml::node& node, Map& out) const {
  const auto* table = node.as_table();
  if (table == nullptr) return scope.wrong_type(node, "a table, { sales = [\"john\", \"ann@example.net\"] }");
  out.clear();
  for (const auto& [key, value] : *table) {
    const std::string name = to_lower(key.str());
    const Scope at = scope.at(name);
    if (name.empty() || name.size() > 64 || name.find('@') != std::string::npos) {
      at.bad_value(value,
                   "an alias is a local part of this domain, without @domain, and of 64 octets at most");
      continue;
    }
    std::vector<std::string> to;
    Receivers{}.read(at, value, to);
    if (out.contains(name)) {
      at.bad_value(value, fmt::format("'{}' stands here twice", printable(name, 64)));
    } else if (to.empty()) {
      at.bad_value(value, "an alias to nobody: its mail would be lost");
    } else {
      out.emplace(name, std::move(to));
    }
  }
  scope.remember(node);
}

std::string Aliases::show(const Map& value) const {
  std::string out;
  for (const auto& [name, to] : value)
    out += fmt::format("{} {} = {}", out.empty() ? "" : ",", toml_text(name), list_of(to));
  return out.empty() ? "{}" : fmt::format("{{{} }}", out);
}

void OptionalDomain::read(const Scope& scope, const toml::node& node, mail::Domain& out) const {
  if (const auto* text = node.as_string(); text != nullptr && text->get().empty()) {
    out = {};
    return scope.remember(node);
  }
  DomainName{}.read(scope, node, out);
}

void Delimiter::read(const Scope& scope, const toml::node& node, std::string& out) const {
  const std::string* text = text_of(scope, node, "a character such as \"+\"");
  if (text == nullptr) return;
  const bool fits =
      text->empty() || (text->size() == 1 && std::ispunct(static_cast<unsigned char>((*text)[0])) != 0 &&
                        std::string_view("@./\\\"%!").find((*text)[0]) == std::string_view::npos);
  if (!fits)
    return scope.bad_value(node, "one punctuation mark such as \"+\", \"-\" or \"=\", or \"\" for none");
  out = *text;
  scope.remember(node);
}

namespace {
void check_targets(const Scope& scope, const toml::node& node, const std::vector<std::string>& targets,
                   const mail::Domain& domain) {
  for (const std::string& target : targets) {
    if (const auto address = alias_target(target, domain); !address)
      return scope.bad_value(node, address.error().what);
  }
}

// What only a domain that ends here has.
void only_primary(const Scope& scope, const toml::table& table, std::string_view role) {
  for (const std::string_view name : {"aliases", "aliases_file", "catch_all", "quota_octets",
                                      "quota_messages", "recipient_delimiter", "forward_srs", "mx_here"}) {
    if (const toml::node* node = table.get(name); node != nullptr)
      scope.at(name).bad_value(*node,
                               fmt::format("a {} domain does not end here; role = \"primary\" has it", role));
  }
}
}  // namespace

void check_recipients(const Scope& scope, const toml::table& table, const Domain& domain) {
  if (domain.role != DomainRole::primary) return only_primary(scope, table, to_string(domain.role));
  for (const auto& [name, to] : domain.aliases) {
    const toml::table* aliases = table.get_as<toml::table>("aliases");
    if (aliases == nullptr) break;
    const toml::node* node = aliases->get(name);
    check_targets(scope.at("aliases").at(name), node != nullptr ? *node : *table.get("aliases"), to,
                  domain.name);
  }
  if (!domain.catch_all.empty())
    check_targets(scope.at("catch_all"), *table.get("catch_all"), domain.catch_all, domain.name);
  if (!domain.catch_all.empty() && !domain.users && domain.users_file.empty()) {
    scope.at("catch_all")
        .bad_value(*table.get("catch_all"),
                   "with users = [\"*\"], or no users at all, everyone exists and nothing is left to catch: "
                   "list the users");
  }
  if (domain.quota_octets + domain.quota_messages > 0 && domain.mailboxes &&
      domain.mailboxes->kind != Mailboxes::Kind::maildir) {
    const std::string_view name = domain.quota_octets > 0 ? "quota_octets" : "quota_messages";
    scope.at(name).bad_value(*table.get(name),
                             "only a Maildir has a quota here; an LMTP server keeps its own");
  }
}

}  // namespace waybill::config
