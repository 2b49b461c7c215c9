#include "cli/what_if.h"

#include <algorithm>
#include <variant>

#include "base/bytes.h"

namespace waybill::cli {
namespace {
using Named = std::variant<IpNetwork, dns::Name>;

/// A last label of digits alone is no top-level domain (RFC 3696 2), but an address with a slip in it.
bool ends_in_number(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

/// A host's name, its address, or a network of them.
Result<Named> parse_host(std::string_view text) {
  if (const auto network = IpNetwork::parse(text)) return *network;
  if (text.contains('/')) return pass(IpNetwork::parse(text).error());
  // A name may be given as the DNS writes it, with its last dot.
  const std::string_view bare = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  const auto domain = mail::Domain::parse(bare);
  if (domain && domain->is_literal()) return IpNetwork::parse(domain->literal_address()->to_string()).value();
  if (domain && !ends_in_number(domain->text())) {
    if (auto name = dns::Name::parse(domain->text())) return std::move(*name);
  }
  return fail(Errc::invalid, "'{}' is no host name or address", printable(text, 80));
}

Status add(std::string_view option, const std::vector<std::string>& texts, std::vector<dns::Name>& names,
           std::vector<IpNetwork>& networks) {
  for (const std::string& text : texts) {
    auto host = parse_host(text);
    if (!host) return pass(host.error(), option);
    if (const auto* network = std::get_if<IpNetwork>(&*host)) {
      networks.push_back(*network);
    } else {
      names.push_back(std::move(std::get<dns::Name>(*host)));
    }
  }
  return {};
}

bool is_named_by(const route::Host& host, const Named& named) {
  if (const auto* name = std::get_if<dns::Name>(&named)) return host.name == *name || host.canonical == *name;
  return std::ranges::any_of(host.addresses,
                             [network = std::get<IpNetwork>(named)](const route::Address& address) {
                               return network.contains(address.ip);
                             });
}

std::vector<const route::Host*> hosts_of(const route::Plan& plan) {
  std::vector<const route::Host*> out;
  for (const route::Tier& tier : plan.tiers) {
    for (const route::Host& host : tier.hosts) out.push_back(&host);
  }
  return out;
}

/// Those of `texts` that name none of `hosts`. REQUIRES: add() took them all.
std::vector<std::string> strangers(const std::vector<std::string>& texts,
                                   const std::vector<const route::Host*>& hosts) {
  std::vector<std::string> out;
  for (const std::string& text : texts) {
    const auto named = parse_host(text);
    const bool known =
        named && std::ranges::any_of(hosts, [&](const auto* host) { return is_named_by(*host, *named); });
    if (!known) out.push_back(text);
  }
  return out;
}

/// We know ourselves also by an address that one of our names has: a host that is us, though none of `self`
/// says so.
bool found_by_lookup(const std::vector<std::string>& self, const std::vector<const route::Host*>& hosts) {
  return std::ranges::any_of(hosts, [&](const route::Host* host) {
    return host->status == route::HostStatus::is_self &&
           std::ranges::none_of(self, [host](const std::string& text) {
             const auto named = parse_host(text);
             return named && is_named_by(*host, *named);
           });
  });
}
}  // namespace

Status add_down(const std::vector<std::string>& texts, route::Request& request) {
  return add("--down", texts, request.down_hosts, request.down_networks);
}

Status add_self(const std::vector<std::string>& texts, route::Self& self) {
  std::vector<IpNetwork> networks;
  if (auto added = add("--self", texts, self.names, networks); !added) return added;
  for (const IpNetwork& network : networks) {
    const std::string text = network.to_string();
    const auto ip = IpAddress::parse(text.substr(0, text.find('/')));
    if (!ip || network.prefix_bits() != (ip->is_v4() ? 32 : 128))
      return fail(Errc::invalid, "--self: '{}' is a network, not a host", text);
    self.addresses.push_back(*ip);
  }
  return {};
}

std::vector<std::string> what_if_notes(const std::vector<std::string>& down,
                                       const std::vector<std::string>& self, const route::Plan& plan) {
  const auto hosts = hosts_of(plan);
  std::vector<std::string> out;
  for (const std::string& text : strangers(down, hosts))
    out.push_back(fmt::format("--down {} names no host of this plan: it changes nothing", text));
  if (found_by_lookup(self, hosts)) return out;
  for (const std::string& text : strangers(self, hosts))
    out.push_back(fmt::format("--self {} names no host of this plan: the sender is none of them", text));
  return out;
}

}  // namespace waybill::cli
