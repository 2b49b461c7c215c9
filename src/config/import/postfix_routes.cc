// postfix_routes.cc: how mail leaves: transport_maps, relayhost, and who we are there.
#include <algorithm>

#include "base/bytes.h"
#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {

std::string pattern_of(const std::string& key) {
  if (key == "*") return key;
  return to_lower(key.starts_with('.') ? "*" + key : key);
}

// transport(5): "smtp:[host]:port", "relay:host", ":host", "smtp:", "error:text", "discard:"
void carry_transport(PostfixImport& import, const std::string& pattern, const Listed& entry) {
  Draft& draft = import.draft;
  const size_t colon = entry.value.find(':');
  const std::string type = to_lower(entry.value.substr(0, colon));
  const std::string nexthop(trim(
      colon == std::string::npos ? std::string_view() : std::string_view(entry.value).substr(colon + 1)));
  const auto give = [&](std::string via) { draft.route(pattern, entry.origin).via = std::move(via); };
  if (type == "error" || type == "retry") {
    if (type == "error" && route_has("senders"))
      return give(in_quotes("refuse " + in_quotes(printable(nexthop, 200))));
    return draft.leave(entry.origin, "a transport that refuses or keeps mail", Weight::decides);
  }
  if (type == "discard" && route_has("senders")) return give("\"discard\"");
  if (type == "local" || type == "virtual" || type == "lmtp") {
    const DraftDomain* domain = draft.find_domain(pattern);
    if (domain != nullptr && domain->role == DomainRole::primary) return;  // its mailboxes say so
    return draft.leave(entry.origin, "mailboxes are a primary domain's", Weight::decides);
  }
  if (!type.empty() && type != "smtp" && type != "relay" && type != "esmtp")
    return draft.leave(entry.origin, fmt::format("the transport {} is not known here", printable(type, 60)),
                       Weight::decides);
  if (nexthop.empty()) return type.empty() ? void() : give("\"mx\"");
  const auto via = via_of(nexthop);
  if (!via) return draft.leave(entry.origin, via.error().what, Weight::decides);
  give(in_quotes(*via));
}

void carry_password(PostfixImport& import, const std::string& relayhost, DraftRoute& route) {
  if (import.value("smtp_sasl_auth_enable") != "yes") return;
  const Origin origin = import.origin("smtp_sasl_password_maps");
  const ListContent maps = read_tables(import.value("smtp_sasl_password_maps"), origin, import.places);
  for (const Unread& unread : maps.unread)
    import.draft.leave(origin, fmt::format("{}: {}", unread.what, unread.why), Weight::decides);
  for (const Listed& entry : maps.items) {
    if (entry.text != relayhost) continue;
    const size_t colon = entry.value.find(':');
    Origin secret = entry.origin;
    secret.setting = entry.text + " (user and password)";
    if (!route_has("auth"))
      return import.draft.leave(std::move(secret), "a smart host that wants to know who we are",
                                Weight::decides);
    route.auth_user = entry.value.substr(0, colon);
    return import.draft.leave(std::move(secret),
                              "the password is not copied: write it into smart-host.password beside the "
                              "configuration, readable by waybill's user alone",
                              Weight::decides);
  }
  import.draft.leave(origin, "has no password for " + relayhost, Weight::decides);
}

void carry_relayhost(PostfixImport& import) {
  const std::string relayhost(trim(import.value("relayhost")));
  if (relayhost.empty()) return;
  const Origin origin = import.origin("relayhost");
  const auto via = via_of(relayhost);
  if (!via) return import.draft.leave(origin, via.error().what, Weight::decides);
  DraftRoute& route = import.draft.route("*", origin);
  if (!route.via.empty()) return;  // transport_maps has a "*", which Postfix asks first
  route.via = in_quotes(*via);
  carry_password(import, relayhost, route);
  const std::string level = import.value("smtp_tls_security_level", Weight::other);
  if (!route_has("tls") || !via->starts_with('[')) return;
  if (level == "encrypt") route.tls = "encrypt";
  if (level == "verify" || level == "secure") route.tls = "verify";
}
}  // namespace

Result<std::string> via_of(std::string_view nexthop) {
  std::string text(trim(nexthop));
  if (const size_t comma = text.find_first_of(", "); comma != std::string::npos)
    return fail(Errc::unsupported, "more than one host: write them as a list in via");
  if (text.ends_with(":smtp")) text.replace(text.size() - 4, 4, "25");
  if (text.ends_with(":submission")) text.replace(text.size() - 10, 10, "587");
  if (text.ends_with(":smtps") || text.ends_with(":submissions") || text.ends_with(":465"))
    return fail(Errc::unsupported,
                "TLS from the first octet (port 465) is not spoken to other hosts: use port 587");
  const std::string trial = fmt::format("[route.\"*\"]\nvia = {}\n", in_quotes(text));
  const auto parsed = parse(trial, "via");
  if (!parsed) return fail(Errc::invalid, "{}", parsed.error().front().message);
  return text;
}

void read_transports(PostfixImport& import) {
  const ListContent maps =
      read_tables(import.value("transport_maps"), import.origin("transport_maps"), import.places);
  for (const Unread& unread : maps.unread)
    import.draft.leave(import.origin("transport_maps"), fmt::format("{}: {}", unread.what, unread.why),
                       Weight::decides);
  for (const Listed& entry : maps.items) {
    if (entry.text.find('@') != std::string::npos) {
      import.draft.leave(entry.origin, "a transport for a single address", Weight::decides);
    } else {
      import.transports.emplace(pattern_of(entry.text), entry);  // the first table that has a key counts
    }
  }
}

void carry_routes(PostfixImport& import) {
  for (const auto& [pattern, entry] : import.transports) carry_transport(import, pattern, entry);
  carry_relayhost(import);
}

}  // namespace waybill::config::moving
