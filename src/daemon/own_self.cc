#include "daemon/own_self.h"

#include <algorithm>

#include "base/log.h"
#include "route/self.h"

namespace waybill::daemon {
namespace {
bool serves(const std::vector<Endpoint>& listening, const IpAddress& address, uint16_t port) {
  return std::ranges::any_of(listening, [&](const Endpoint& at) {
    return at.port == port &&
           (at.ip == address || (at.ip.is_unspecified() && at.ip.is_v4() == address.is_v4()));
  });
}

void add_name(std::vector<dns::Name>& names, const mail::Domain& domain) {
  if (domain.empty() || domain.is_literal()) return;
  if (auto name = dns::Name::parse(domain.text())) names.push_back(std::move(*name));
}
}  // namespace

route::Self own_self(const config::Config& config, const std::vector<Endpoint>& listening) {
  route::Self self;
  add_name(self.names, config.hostname);
  for (const mail::Domain& name : config.self_names) add_name(self.names, name);

  std::vector<IpAddress> local;
  if (auto found = route::local_addresses()) {
    local = std::move(*found);
  } else {
    log::warning("cannot list this machine's addresses", {{"why", found.error().what}});
  }
  for (const Endpoint& at : listening) {
    if (!at.ip.is_unspecified()) local.push_back(at.ip);
  }
  for (const IpAddress& address : local) {
    if (!address.is_loopback() || serves(listening, address, config.deliver.port))
      self.addresses.push_back(address);
  }
  self.addresses.insert(self.addresses.end(), config.self_addresses.begin(), config.self_addresses.end());
  std::ranges::sort(self.addresses);
  const auto doubles = std::ranges::unique(self.addresses);
  self.addresses.erase(doubles.begin(), doubles.end());

  self.ports.clear();
  for (const Endpoint& at : listening) self.ports.push_back(at.port);
  return self;
}

}  // namespace waybill::daemon
