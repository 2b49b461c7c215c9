#include "policy/relay_rules.h"

#include <algorithm>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr int kTrustedBitsMinV4 = 8;
constexpr int kTrustedBitsMinV6 = 16;

RelayDecision refuse(uint16_t code, mail::EnhancedStatus enhanced, std::string text) {
  return {mail::Reply{code, enhanced, std::move(text)}, std::nullopt};
}

/// user%other@here, other!user@here, "user@other"@here: ways to make the next host relay (RFC 5321 Appendix
/// F.2 and C; the classic open relay tests). Of use to nobody but those who look for relays.
bool routes_onward(std::string_view local) { return local.find_first_of("%!@") != std::string_view::npos; }

bool is_listed(const DomainRule& rule, std::string_view local) {
  const std::string folded = to_lower(local);
  if (folded == "postmaster") return true;  // RFC 5321 4.5.1
  if (!rule.users) return false;
  if (rule.users->contains(folded)) return true;
  const size_t plus = folded.find('+');
  return plus != std::string::npos && plus > 0 && rule.users->contains(folded.substr(0, plus));
}
}  // namespace

Result<RelayRules> RelayRules::make(RelayTable table) {
  for (const IpNetwork& network : table.trusted_networks) {
    const auto text = network.to_string();
    const bool is_v6 = text.find(':') != std::string::npos;
    if (network.prefix_bits() < (is_v6 ? kTrustedBitsMinV6 : kTrustedBitsMinV4)) {
      return fail(Errc::invalid, "trusting {} would make this host an open relay", text);
    }
  }
  RelayRules rules;
  for (auto& [domain, rule] : table.domains) {
    if (!rule.users) continue;
    std::set<std::string> folded;
    for (const std::string& user : *rule.users) folded.insert(to_lower(user));
    rule.users = std::move(folded);
  }
  rules.table_ = std::move(table);
  return rules;
}

bool RelayRules::is_trusted(const Client& client) const {
  // IpAddress holds a mapped IPv6 address as IPv4, so neither form passes by a rule for the other.
  return std::ranges::any_of(table_.trusted_networks,
                             [&](const IpNetwork& n) { return n.contains(client.ip); });
}

const DomainRule* RelayRules::find(const mail::Domain& domain) const {
  const auto at = table_.domains.find(domain.text());
  return at == table_.domains.end() ? nullptr : &at->second;
}

RelayDecision RelayRules::decide_mail(const Client& client) const {
  const bool known = client.authenticated == Authenticated::yes || is_trusted(client);
  if (client.service == Service::submission && !known) {
    return refuse(530, {5, 7, 0}, "authentication required");  // RFC 6409 4.3, RFC 4954 6
  }
  return {};
}

RelayDecision RelayRules::decide_rcpt(const Client& client, const mail::Address& to) const {
  if (auto mail = decide_mail(client); !mail.accepted()) return mail;
  if (to.domain.empty()) {
    // RFC 5321 4.5.1: the grammar lets only postmaster come without a domain.
    if (!iequals(to.local, "postmaster")) return refuse(550, {5, 1, 3}, "the address has no domain");
    return {std::nullopt, mail::Address{to.local, table_.postmaster_domain}};
  }
  const bool known = client.authenticated == Authenticated::yes || is_trusted(client);
  const DomainRule* rule = find(to.domain);
  // LMTP hands over to mailboxes: what is only held or passed on here is no business of its.
  if (client.service == Service::lmtp && (rule == nullptr || rule->role != DomainRole::primary))
    return refuse(550, {5, 7, 1}, "relaying denied: what comes by LMTP must end here");
  if (rule == nullptr) {
    if (known) return {};
    return refuse(550, {5, 7, 1}, "relaying denied");  // RFC 5321 3.6.2
  }
  if (is_listed(*rule, to.local)) return {};
  if (!known && routes_onward(to.local)) return refuse(550, {5, 7, 1}, "relaying denied");
  if (rule->users) return refuse(550, {5, 1, 1}, "no such user here");
  return {};
}

}  // namespace waybill::policy
