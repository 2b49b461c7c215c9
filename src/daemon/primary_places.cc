#include "daemon/primary_places.h"

#include <algorithm>

#include "base/log.h"

namespace waybill::daemon {
namespace {
using State = PrimaryPlace::State;
constexpr size_t kHostsShownMax = 5;
constexpr size_t kAddressesShownMax = 3;

/// "mx1.example.net (192.0.2.1), mx2.example.net"
std::string hosts_of(const route::Plan& plan) {
  std::vector<std::string> shown;
  for (const route::Tier& tier : plan.tiers) {
    for (const route::Host& host : tier.hosts) {
      if (shown.size() == kHostsShownMax) return fmt::format("{}, …", fmt::join(shown, ", "));
      std::string text = host.name.to_string();
      for (size_t n = 0; n < std::min(host.addresses.size(), kAddressesShownMax); ++n)
        text += (n == 0 ? " (" : ", ") + host.addresses[n].ip.to_string();
      if (!host.addresses.empty()) text += host.addresses.size() > kAddressesShownMax ? ", …)" : ")";
      shown.push_back(std::move(text));
    }
  }
  return fmt::format("{}", fmt::join(shown, ", "));
}

bool names_this_host(const route::Plan& plan) {
  return std::ranges::any_of(plan.tiers, [](const route::Tier& tier) {
    return std::ranges::find(tier.hosts, route::HostStatus::is_self, &route::Host::status) !=
           tier.hosts.end();
  });
}

/// Neither MX nor address: the planner takes the domain's own name for an MX host then (RFC 5321 5.1).
bool has_nothing(const route::Plan& plan) {
  return plan.source == route::HostSource::implicit &&
         std::ranges::all_of(plan.tiers, [](const route::Tier& tier) {
           return std::ranges::all_of(tier.hosts, [](const route::Host& host) {
             return host.status == route::HostStatus::no_address;
           });
         });
}

PrimaryPlace absent(const std::string& name, const mail::Domain& own, std::string_view what) {
  return {State::absent,
          fmt::format("mail for {} ends here, but {}: nobody elsewhere can send to it", name, what),
          fmt::format(
              "publish \"{0}. MX 10 {1}.\"; or, where nobody elsewhere is to write to it, mx_here = false "
              "in [domain.\"{0}\"]",
              name, own.text())};
}

PrimaryPlace elsewhere(const std::string& name, const route::Plan& plan) {
  const bool implicit = plan.source == route::HostSource::implicit;
  return {
      State::elsewhere,
      fmt::format("mail for {} ends here, but its MX is {}{}, which is not this host: others send its mail "
                  "there, while mail that is sent by way of this host stays here",
                  name, hosts_of(plan), implicit ? " (by its address: it has no MX record)" : ""),
      fmt::format("where that host hands it on to this one: mx_here = false in [domain.\"{0}\"]; where it is "
                  "this host: self_names or self_addresses; where the mail belongs there: remove "
                  "[domain.\"{0}\"], or role = \"relay\"",
                  name)};
}
}  // namespace

PrimaryPlace primary_place(const mail::Domain& domain, const route::Plan& plan, const mail::Domain& own) {
  const std::string& name = domain.text();
  if (names_this_host(plan)) return {State::here, {}, {}};
  switch (plan.why) {
    case route::Why::null_mx:
      return {
          State::null_mx,
          fmt::format(
              "mail for {} ends here, but its MX record is \".\" (null MX), which tells everybody that "
              "it takes no mail (RFC 7505)",
              name),
          fmt::format("publish \"{0}. MX 10 {1}.\" instead; or, where nobody elsewhere is to write to it, "
                      "mx_here = false in [domain.\"{0}\"]",
                      name, own.text())};
    case route::Why::no_domain:
      return absent(name, own, "the DNS has no such domain");
    case route::Why::no_mail:
      return absent(name, own, "the DNS has neither an MX nor an address for it");
    case route::Why::alias_loop:
      return absent(name, own, "its aliases (CNAME) in the DNS end nowhere");
    case route::Why::not_an_mx:
      return has_nothing(plan) ? absent(name, own, "the DNS has neither an MX nor an address for it")
                               : elsewhere(name, plan);
    default:
      return {State::unknown,
              fmt::format("whether the MX records of {} name this host could not be found out: {}", name,
                          plan.reason),
              {}};
  }
}

bool expects_mx_here(const config::Domain& domain) {
  return domain.role == config::DomainRole::primary && domain.mx_here;
}

route::Request primary_request(const config::Config& config, const mail::Domain& domain,
                               const route::Self& self, const Lab& lab) {
  route::Request out;
  out.domain = domain;
  out.self = self;
  // As a backup's: it looks for this host among all MXs, and says when it is none of them.
  out.role = route::Role::backup;
  out.options.port = config.deliver.port;
  out.options.reserved = lab.reserved(domain);
  return out;
}

PrimaryPlaces::PrimaryPlaces(net::Loop& loop, dns::Resolver& resolver)
    : loop_(loop), resolver_(resolver), alive_(std::make_shared<PrimaryPlaces*>(this)) {}

PrimaryPlaces::~PrimaryPlaces() { *alive_ = nullptr; }

void PrimaryPlaces::configure(std::shared_ptr<const config::Config> config, route::Self self, Lab lab) {
  config_ = std::move(config);
  self_ = std::move(self);
  lab_ = std::move(lab);
  at_.reset();
  ++generation_;
  const std::scoped_lock lock(mutex_);
  places_.clear();
}

void PrimaryPlaces::look() {
  if (at_) return;
  at_ = 0;
  next();
}

void PrimaryPlaces::next() {
  const auto& domains = config_->domains;
  while (*at_ < domains.size() && !expects_mx_here(domains[*at_])) ++*at_;
  if (*at_ == domains.size()) return at_.reset();
  const mail::Domain name = domains[(*at_)++].name;
  route::gather(
      primary_request(*config_, name, self_, lab_), resolver_,
      [&loop = loop_](std::function<void()> work) { loop.post(std::move(work)); },
      [alive = alive_, generation = generation_, name](const route::Plan& plan, const dns::Facts&) {
        PrimaryPlaces* self = *alive;
        if (self == nullptr || self->generation_ != generation) return;
        self->note(name, primary_place(name, plan, self->config_->hostname));
        // Not at once: answers from the cache would pile up thousands of calls.
        self->loop_.post([alive, generation] {
          if (*alive != nullptr && (*alive)->generation_ == generation) (*alive)->next();
        });
      });
}

void PrimaryPlaces::note(const mail::Domain& domain, PrimaryPlace place) {
  std::optional<State> before;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = places_.find(domain.text());
    if (at != places_.end() && at->second == place) return;
    if (at != places_.end()) before = at->second.state;
    places_.insert_or_assign(domain.text(), place);
  }
  switch (place.state) {
    case State::elsewhere:
    case State::null_mx:
      return log::warning("the MX records of a domain that ends here lead elsewhere",
                          {{"domain", domain.text()}, {"why", place.why}, {"fix", place.fix}});
    case State::absent:
      return log::info("a domain that ends here has no MX records",
                       {{"domain", domain.text()}, {"why", place.why}, {"fix", place.fix}});
    case State::unknown:
      return log::info("the MX records of a domain that ends here could not be looked at",
                       {{"domain", domain.text()}, {"why", place.why}});
    case State::here:
      if (before)
        log::info("the MX records of a domain that ends here name this host now",
                  {{"domain", domain.text()}});
      return;
  }
}

std::vector<std::string> PrimaryPlaces::faults(size_t max) const {
  std::vector<std::string> out;
  const std::scoped_lock lock(mutex_);
  for (const auto& [domain, place] : places_) {
    if (out.size() == max) break;
    if (place.state == State::elsewhere || place.state == State::null_mx)
      out.push_back(fmt::format("{}: {}", place.why, place.fix));
  }
  return out;
}

}  // namespace waybill::daemon
