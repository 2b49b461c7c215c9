#include "route/tiers.h"

#include <algorithm>
#include <set>

#include "mail/address.h"

namespace waybill::route {
namespace {
constexpr std::string_view kMxRef = "RFC 5321 5.1";

template <class... Args>
void note(Plan& plan, std::string_view rule, std::string_view ref, fmt::format_string<Args...> text,
          Args&&... args) {
  plan.steps.push_back({std::string(rule), std::string(ref), fmt::format(text, std::forward<Args>(args)...)});
}

void keep_only_better_than(Plan& plan, uint16_t preference) {
  for (Tier& tier : plan.tiers) {
    if (tier.preference < preference) continue;
    for (Host& host : tier.hosts) {
      if (host.status == HostStatus::is_self) continue;
      host.status = HostStatus::not_better;
      host.note = fmt::format("its preference {} is no better than our own {}", tier.preference, preference);
    }
  }
}
}  // namespace

/// RFC 5321 5.1: if we are among the MXs, those no better than ourselves must not be tried: mail would loop.
Place drop_not_better(Plan& plan, Role role) {
  for (const Tier& tier : plan.tiers) {
    const auto at = std::ranges::find(tier.hosts, HostStatus::is_self, &Host::status);
    if (at == tier.hosts.end()) continue;
    note(plan, "self.found", kMxRef, "{} is this host: only preferences better than {} are tried.",
         at->name.to_string(), tier.preference);
    keep_only_better_than(plan, tier.preference);
    return Place::found;
  }
  return role == Role::backup ? Place::unknown : Place::of_no_matter;
}

void explain_hosts(Plan& plan) {
  for (const Tier& tier : plan.tiers) {
    for (const Host& host : tier.hosts) {
      const std::string name = host.name.to_string();
      if (host.canonical != host.name) {
        note(plan, "host.alias", "RFC 2181 10.3",
             "{} is an alias (CNAME) of {}, which an MX must not name; it is followed.", name,
             host.canonical.to_string());
      }
      if (host.status == HostStatus::ok || host.status == HostStatus::is_self) continue;
      if (host.status == HostStatus::not_better && host.note.empty()) continue;
      note(plan, fmt::format("host.{}", to_string(host.status)),
           host.status == HostStatus::not_better ? kMxRef : "", "{} (preference {}) is left out: {}.", name,
           tier.preference, host.note);
    }
    const auto usable = std::ranges::count(tier.hosts, HostStatus::ok, &Host::status);
    if (usable > 1) {
      note(plan, "tier.equal", kMxRef,
           "{} hosts share preference {}: each comes first in about {:.0f}% of sends.", usable,
           tier.preference, 100.0 / static_cast<double>(usable));
    }
  }
}

std::string site_key(const Plan& plan, uint16_t port) {
  std::string key;
  for (const Tier& tier : plan.tiers) {
    std::set<std::string> names;
    for (const Host& host : tier.hosts) {
      const HostStatus s = host.status;
      if (s == HostStatus::invalid || s == HostStatus::is_self || s == HostStatus::not_better) continue;
      names.insert(host.name.is_root() ? mail::Domain::literal(host.addresses.front().ip).text()
                                       : host.name.to_string());
    }
    if (names.empty()) continue;
    if (!key.empty()) key += ';';
    key += fmt::format("{}", fmt::join(names, ","));
  }
  return key.empty() ? key : fmt::format("{}:{}", key, port);
}

bool usable_are_secure(const Plan& plan) {
  return std::ranges::all_of(plan.tiers, [](const Tier& tier) {
    return std::ranges::all_of(tier.hosts,
                               [](const Host& host) { return host.secure || host.status != HostStatus::ok; });
  });
}

bool has_status(const Plan& plan, HostStatus status) {
  return std::ranges::any_of(plan.tiers, [status](const Tier& tier) {
    return std::ranges::find(tier.hosts, status, &Host::status) != tier.hosts.end();
  });
}

}  // namespace waybill::route
