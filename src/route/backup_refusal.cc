#include "route/backup_refusal.h"

#include <algorithm>

namespace waybill::route {
namespace {
constexpr mail::EnhancedStatus kLoopNow{4, 4, 6};
constexpr mail::EnhancedStatus kDnsFailed{4, 4, 3};
constexpr mail::EnhancedStatus kOurFault{4, 3, 5};
constexpr std::string_view kMxRef = "RFC 5321 5.1";
constexpr size_t kHostsShownMax = 5;

Refusal unknown(Why why, const std::string& domain, std::string_view what) {
  return {why, kDnsFailed,
          fmt::format("whether this host is among the MXs of {} is not known: the address lookup of {}",
                      domain, what),
          std::nullopt};
}
}  // namespace

Refusal refuse_unlisted(const Plan& plan, const Request& request, const SelfView& self) {
  const std::string domain = request.domain.text();
  std::vector<std::string> shown;
  for (const Tier& tier : plan.tiers) {
    for (const Host& host : tier.hosts) {
      if (host.status == HostStatus::temp_failure) {
        return unknown(host.bogus ? Why::bogus : Why::temp_failure, domain,
                       fmt::format("{} failed: {}", host.name.to_string(), host.note));
      }
      if (shown.size() < kHostsShownMax) shown.push_back(host.name.to_string());
    }
  }
  if (!self.unknown().empty()) {
    return unknown(Why::temp_failure, domain,
                   fmt::format("our own name {} failed", self.unknown().front().to_string()));
  }
  const std::string own = request.self.names.empty() ? "this host" : request.self.names.front().to_string();
  return {
      Why::not_an_mx, kOurFault,
      fmt::format(
          "role = \"backup\" for {}, but none of its MX hosts ({}) is known to be this host: publish an MX "
          "record that names {}, or tell by self_names or self_addresses which one leads here",
          domain, fmt::join(shown, ", "), own),
      Reason{
          "self.not-listed", std::string(kMxRef),
          fmt::format(
              "We are set up as a backup for {}, but none of its MXs is known to be this host: any may be, "
              "and mail would go round. It waits.",
              domain)}};
}

Refusal refuse_as_best(const Plan& plan, const Request& request) {
  const std::string domain = request.domain.text();
  for (const Tier& tier : plan.tiers) {
    const auto own = std::ranges::find(tier.hosts, HostStatus::is_self, &Host::status);
    if (own == tier.hosts.end()) continue;
    return {Why::loops_to_self, kLoopNow,
            fmt::format(
                "mail for {0} would loop: this host ({1}, preference {2}) is its best MX, yet role = "
                "\"backup\" has "
                "it wait for a better one: publish the primary's MX record with a number below {2}, or set "
                "role = \"primary\" if the mail ends here",
                domain, own->name.to_string(), tier.preference),
            Reason{"self.best", std::string(kMxRef),
                   fmt::format(
                       "This host is the best MX of {}, yet set up as a backup: nobody is better. It waits.",
                       domain)}};
  }
  return {Why::undecided, {4, 3, 0}, "the route could not be decided", std::nullopt};
}

}  // namespace waybill::route
