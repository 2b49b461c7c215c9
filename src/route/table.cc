#include "route/table.h"

#include "base/bytes.h"

namespace waybill::route {
namespace {
/// The key under which a pattern is kept: folded to lower-case A-labels.
Result<std::string> normalise(std::string_view pattern) {
  if (pattern == "*") return std::string("*");
  const bool wildcard = pattern.starts_with("*.");
  const auto domain = mail::Domain::parse(wildcard ? pattern.substr(2) : pattern);
  if (!domain) return pass(domain.error(), fmt::format("bad route pattern '{}'", printable(pattern, 80)));
  if (wildcard && domain->is_literal()) {
    return fail(Errc::invalid, "bad route pattern '{}': nothing lies below an address",
                printable(pattern, 80));
  }
  return wildcard ? "*." + domain->text() : domain->text();
}
}  // namespace

Status RouteTable::add(std::string_view pattern, std::string_view via) {
  auto key = normalise(pattern);
  if (!key) return pass(key.error());
  auto parsed = Via::parse(via);
  if (!parsed) return pass(parsed.error());
  const auto [at, fresh] = entries_.emplace(std::move(*key), std::move(*parsed));
  if (!fresh) return fail(Errc::exists, "the route pattern '{}' stands there twice", at->first);
  return {};
}

std::map<std::string, Via, std::less<>>::const_iterator RouteTable::locate(const mail::Domain& domain,
                                                                           Role role) const {
  // RFC 5321 5.1: a backup sends to better MXs only. Any other way may lead back here.
  if (role == Role::backup) return entries_.end();
  const std::string& text = domain.text();
  if (const auto exact = entries_.find(text); exact != entries_.end()) return exact;
  if (!domain.is_literal()) {
    for (size_t dot = text.find('.'); dot != std::string::npos; dot = text.find('.', dot + 1)) {
      const auto wildcard = entries_.find("*" + text.substr(dot));
      if (wildcard != entries_.end()) return wildcard;
    }
  }
  return entries_.find("*");
}

Via RouteTable::find(const mail::Domain& domain, Role role) const {
  const auto at = locate(domain, role);
  return at == entries_.end() ? Via{} : at->second;
}

std::string_view RouteTable::match(const mail::Domain& domain, Role role) const {
  const auto at = locate(domain, role);
  return at == entries_.end() ? std::string_view() : std::string_view(at->first);
}

}  // namespace waybill::route
