// sendmail.h: the parts of import_sendmail(). Internal to import/.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/import/draft.h"
#include "config/import/places.h"

namespace waybill::config::moving {

struct SendmailImport {
  const Places& places;
  Draft& draft;
  std::string machine_name;
  std::set<std::string> local_domains;  ///< class w
  std::set<std::string> routed;         ///< domains that mailertable sends on
};

/// define(`NAME', `value'), FEATURE(`name', …), NAME(`value'): a macro call of sendmail.mc.
struct McCall {
  uint32_t line = 0;
  std::string name;
  std::vector<std::string> arguments;
  std::string text;  ///< as it stands there
};
/// Calls in their order; what follows "dnl" is a comment. Hostile text ends in fewer calls.
[[nodiscard]] std::vector<McCall> mc_calls(std::string_view text);

void carry_mc(SendmailImport& import, const Found& file);           ///< sendmail_mc.cc
void carry_local_hosts(SendmailImport& import, const Found& file);  ///< local-host-names
void carry_mailertable(SendmailImport& import, const Found& file);
void carry_relay_hosts(SendmailImport& import, const Found& file);  ///< relay-domains
void carry_access(SendmailImport& import, const Found& file);
void carry_virtusers(SendmailImport& import, const Found& file);
void carry_aliases(SendmailImport& import, const Found& file);
/// One more name of class w.
void add_local_domain(SendmailImport& import, const std::string& name, const Origin& origin);
/// A domain that anyone may send to through us.
void add_relayed_domain(SendmailImport& import, const mail::Domain& name, const Origin& origin);
void trust(SendmailImport& import, const IpNetwork& network, const Origin& origin);
/// "192.0.2" and "192.0.2.1", as access and relay-domains write them, beside 192.0.2.0/24.
[[nodiscard]] std::optional<IpNetwork> octets_network(std::string_view text);

}  // namespace waybill::config::moving
