#include "daemon/lab.h"

#include <algorithm>

#include "dns/zone.h"

namespace waybill::daemon {
namespace {
constexpr uint32_t kTtl_s = 3600;  ///< overlay zones need not name one

// One text after the other, as FNV does with octets.
void add(uint64_t& digest, const std::string& text) {
  digest = (digest ^ std::hash<std::string>{}(text)) * 0x100000001b3;
}
}  // namespace

Overlay read_overlay(const std::vector<std::string>& zones) {
  Overlay out;
  for (const std::string& path : zones) {
    const dns::ZoneFile file = dns::read_zone_file(path, {.default_ttl_s = kTtl_s});
    for (const dns::ZoneRecord& one : file.records) add(out.digest, dns::to_string(one.record));
    for (const dns::ZoneError& error : file.errors) add(out.digest, error.to_string());
    for (const auto& zone : dns::zones_of(file)) out.origins.push_back(zone->origin());
  }
  return out;
}

Lab::Lab(uint16_t deliver_port, const std::vector<Endpoint>& servers, Overlay overlay)
    : zones_(std::move(overlay.origins)) {
  const auto is_odd = [](const Endpoint& at) { return at.ip.is_loopback() && at.port != 53; };
  everywhere_ = deliver_port != 25 || (!servers.empty() && std::ranges::all_of(servers, is_odd));
}

Lab::Lab(const config::Config& config, Overlay overlay)
    : Lab(config.deliver.port, config.dns.servers, std::move(overlay)) {}

route::Reserved Lab::reserved(const mail::Domain& domain) const {
  if (everywhere_) return route::Reserved::allow;
  if (zones_.empty() || domain.is_literal()) return route::Reserved::refuse;
  const auto name = dns::Name::parse(domain.text());
  const bool within =
      name && std::ranges::any_of(zones_, [&](const dns::Name& zone) { return name->is_within(zone); });
  return within ? route::Reserved::allow : route::Reserved::refuse;
}

}  // namespace waybill::daemon
