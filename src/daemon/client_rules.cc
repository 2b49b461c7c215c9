#include "daemon/client_rules.h"

#include <algorithm>

namespace waybill::daemon {
namespace {
policy::ClientAction action_of(config::ClientAction action) {
  switch (action) {
    case config::ClientAction::off:
      return policy::ClientAction::off;
    case config::ClientAction::observe:
      return policy::ClientAction::observe;
    case config::ClientAction::tag:
      return policy::ClientAction::tag;
    case config::ClientAction::defer:
      return policy::ClientAction::defer;
    case config::ClientAction::refuse:
      return policy::ClientAction::refuse;
  }
  return policy::ClientAction::off;
}

policy::ClientPolicy policy_of(const config::Policy& from) {
  policy::ClientPolicy out;
  out.name = from.name;
  out.actions[policy::ClientTest::iprev] = action_of(from.iprev);
  out.actions[policy::ClientTest::early_talker] = action_of(from.early_talker);
  out.actions[policy::ClientTest::wrong_mx] = action_of(from.wrong_mx);
  out.actions[policy::ClientTest::greylist] = action_of(from.greylist);
  out.mx_memory = from.mx_memory;
  out.mx_grace = from.mx_grace;
  out.greylist = {from.greylist_delay, from.greylist_window, from.greylist_keep, from.greylist_known_after};
  return out;
}

bool wants_names(const policy::ClientPolicy& policy) {
  // The name is also another address family's clue (wrong_mx), and that of a known client (greylist).
  return std::ranges::any_of(policy::kClientTests, [&](policy::ClientTest test) {
    return test != policy::ClientTest::early_talker && policy.actions[test] != policy::ClientAction::off;
  });
}
}  // namespace

const policy::ClientPolicy* ClientRules::find(std::string_view domain) const {
  const auto at = by_domain.find(domain);
  return at == by_domain.end() ? nullptr : &at->second;
}

bool ClientRules::trusts(const IpAddress& client) const {
  return std::ranges::any_of(trusted, [&](const IpNetwork& network) { return network.contains(client); });
}

ClientRules client_rules(const config::Config& config) {
  ClientRules out;
  out.settings = config.clients;
  out.trusted = config.relay.trusted_networks;
  out.hostname = config.hostname.text();
  if (const config::Policy* fallback = config.find_policy("default")) out.fallback = policy_of(*fallback);
  for (const config::Domain& domain : config.domains) {
    const config::Policy* named = config.find_policy(domain.policy);
    out.by_domain.emplace(domain.name.text(), named != nullptr ? policy_of(*named) : out.fallback);
  }
  out.wants_names = out.settings.iprev && std::ranges::any_of(out.by_domain, [](const auto& one) {
                      return wants_names(one.second);
                    });
  return out;
}

}  // namespace waybill::daemon
