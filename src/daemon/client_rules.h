// client_rules.h: the configuration's [clients] and [policy.NAME] in the words of policy/. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "policy/client_test.h"

namespace waybill::daemon {

struct ClientRules {
  config::Clients settings;
  std::map<std::string, policy::ClientPolicy, std::less<>> by_domain;
  policy::ClientPolicy fallback;  ///< for what happens before a domain is named
  std::vector<IpNetwork> trusted;
  std::string hostname;      ///< our authserv-id (RFC 8601 2.5)
  bool wants_names = false;  ///< some test that is on has a use for reverse names

  [[nodiscard]] const policy::ClientPolicy* find(std::string_view domain) const;
  [[nodiscard]] bool trusts(const IpAddress& client) const;
};

[[nodiscard]] ClientRules client_rules(const config::Config& config);

}  // namespace waybill::daemon
