#include "daemon/drainer.h"

#include <algorithm>

namespace waybill::daemon {
namespace {
/// Beyond so many it is "some", which is 252: counting a long queue is not worth the reading.
constexpr size_t kCountMax = 1000;

bool is_meant(const receive::EtrnNode& node, const mail::Domain& domain) {
  if (domain == node.name) return true;
  // RFC 1985: "@" asks for a domain and all below it.
  return node.what == receive::EtrnNode::What::and_all_below &&
         domain.text().ends_with("." + node.name.text());
}

bool may_ask(const config::Domain& domain, const IpAddress& client) {
  return std::ranges::any_of(domain.etrn_from,
                             [&client](const IpNetwork& network) { return network.contains(client); });
}
}  // namespace

void Drainer::etrn(const receive::ClientFacts& client, const receive::EtrnNode& node, Answer answer) {
  std::vector<mail::Domain> domains;
  const auto config = config_.load();
  for (const config::Domain& domain : config->domains) {
    if (is_meant(node, domain.name) && may_ask(domain, client.remote.ip)) domains.push_back(domain.name);
  }
  const std::string asked = node.name.text();
  // Whether we know the domain is nobody's business who may not ask for it.
  if (domains.empty())
    return answer({459, {4, 7, 1}, fmt::format("node {} not allowed: not from your address", asked)});
  if (stopping_) return answer({458, {4, 3, 2}, fmt::format("unable to queue messages for node {}", asked)});
  conductor_.post([this, asked, domains = std::move(domains), answer = std::move(answer)]() mutable {
    answer(drain(asked, domains));
  });
}

mail::Reply Drainer::drain(const std::string& asked, const std::vector<mail::Domain>& domains) {
  size_t waiting = 0;
  for (const mail::Domain& domain : domains) {
    const auto entries = store_.due_in_domain(domain.text(), std::nullopt, Time::max(), kCountMax);
    if (!entries) return {458, {4, 3, 0}, fmt::format("unable to queue messages for node {}", asked)};
    waiting += entries->size();
    if (!entries->empty()) manager_.drain(domain);
  }
  if (waiting == 0) return {251, {2, 0, 0}, fmt::format("ok, no messages waiting for node {}", asked)};
  if (waiting >= kCountMax)
    return {252, {2, 0, 0}, fmt::format("ok, pending messages for node {} started", asked)};
  return {253, {2, 0, 0}, fmt::format("ok, {} pending messages for node {} started", waiting, asked)};
}

}  // namespace waybill::daemon
