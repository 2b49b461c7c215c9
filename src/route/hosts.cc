#include "route/hosts.h"

#include <algorithm>
#include <array>

namespace waybill::route {
namespace {
/// Own names whose addresses are looked up: a list longer than this is a mistake in a file, not a host.
constexpr size_t kOwnNamesMax = 16;
/// Addresses kept of one family of one host; an answer over TCP can hold thousands.
constexpr size_t kAddressesMax = 64;
/// A plan that rests on a failed answer is made anew before long, whatever the other answers' TTL.
constexpr uint32_t kUnknownTtlS = 60;

bool is_host_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_down(const Address& address, const Request& request) {
  return std::ranges::any_of(request.down_networks,
                             [&](const IpNetwork& network) { return network.contains(address.ip); });
}

bool is_family_off(const IpAddress& ip, Families families) {
  return (families == Families::v4_only && ip.is_v6()) || (families == Families::v6_only && ip.is_v4());
}

void add_addresses(Host& host, const dns::Answer& answer) {
  size_t added = 0;
  for (const dns::Record& record : answer.records) {
    const auto* ip = std::get_if<IpAddress>(&record.data);
    if (ip == nullptr) continue;
    if (++added > kAddressesMax) break;
    const auto same = [ip](const Address& other) { return other.ip == *ip; };
    if (std::ranges::none_of(host.addresses, same)) host.addresses.push_back({*ip, record.ttl_s, true});
  }
}

bool mentions_self(const Host& host, const std::array<const dns::Answer*, 2>& answers, const SelfView& self,
                   SelfTest test) {
  if (test == SelfTest::off) return false;
  if (std::ranges::any_of(host.addresses, [&](const Address& a) { return self.is(a.ip); })) return true;
  if (test == SelfTest::by_address) return false;
  if (self.is(host.name) || self.is(host.canonical)) return true;
  return std::ranges::any_of(answers, [&](const dns::Answer* answer) {
    return std::ranges::any_of(answer->chain, [&](const dns::Name& alias) { return self.is(alias); });
  });
}

/// No address may be used: says which way it failed. What is unknown outranks what is absent.
void judge_empty(Host& host, const std::array<const dns::Answer*, 2>& answers) {
  for (const dns::Answer* answer : answers) {
    if (!answer->unknown() || answer->loop) continue;
    host.status = HostStatus::temp_failure;
    host.bogus = host.bogus || answer->kind == dns::Kind::bogus;
    host.note = answer->why.empty() ? std::string(to_string(answer->kind)) : answer->why;
    return;
  }
  if (!host.addresses.empty()) return;  // present, but judged unusable before
  if (std::ranges::any_of(answers, [](const dns::Answer* answer) { return answer->loop; })) {
    host.status = HostStatus::invalid;
    host.note = "its aliases (CNAME) lead nowhere";
    return;
  }
  host.status = HostStatus::no_address;
  const bool gone = std::ranges::all_of(answers, [](auto* a) { return a->kind == dns::Kind::nxdomain; });
  host.note = gone ? "the name does not exist" : "it has no address";
}
}  // namespace

const dns::Answer* Inquiry::ask(const dns::Name& name, dns::Type type) {
  const dns::Question question{name, type};
  const dns::Answer* answer = facts_.find(question);
  if (answer == nullptr) {
    if (std::ranges::find(open_, question) == open_.end()) open_.push_back(question);
    return nullptr;
  }
  used_ = true;
  ttl_s_ = std::min(ttl_s_, answer->unknown() ? kUnknownTtlS : answer->ttl_s);
  return answer;
}

SelfView::SelfView(const Self& self, Inquiry& inquiry)
    : names_(self.names.begin(), self.names.end()), addresses_(self.addresses.begin(), self.addresses.end()) {
  size_t asked = 0;
  for (const dns::Name& name : self.names) {
    if (++asked > kOwnNamesMax) break;
    const dns::Answer* v4 = inquiry.ask(name, dns::Type::a);
    const dns::Answer* v6 = inquiry.ask(name, dns::Type::aaaa);
    if (v4 == nullptr || v6 == nullptr) continue;
    learn(*v4, name);
    learn(*v6, name);
    if ((v4->unknown() && !v4->loop) || (v6->unknown() && !v6->loop)) unknown_.push_back(name);
  }
}

void SelfView::learn(const dns::Answer& answer, const dns::Name& asked) {
  for (const dns::Record& record : answer.records) {
    if (const auto* ip = std::get_if<IpAddress>(&record.data)) addresses_.insert(*ip);
  }
  // The name that ours is an alias of is ours as well.
  if (answer.present() && !answer.chain.empty() && answer.canonical != asked) names_.insert(answer.canonical);
}

bool is_host_name(const dns::Name& name) {
  if (name.is_root()) return false;
  const std::string& wire = name.wire();
  for (size_t at = 0; at < wire.size() && wire[at] != '\0';) {
    const auto length = static_cast<unsigned char>(wire[at]);
    const std::string_view label = std::string_view(wire).substr(at + 1, length);
    if (!std::ranges::all_of(label, is_host_octet)) return false;
    at += 1 + length;
  }
  return true;
}

bool is_reserved(const IpAddress& ip) {
  if (ip.is_loopback() || ip.is_unspecified()) return true;
  const auto& octets = ip.octets();
  if (ip.is_v4())
    return octets[0] == 0 || octets[0] >= 224;  // "this network"; multicast, future use, broadcast
  if (octets[0] == 0xff) return true;
  return octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;  // link-local has no meaning without an interface
}

void judge_addresses(Host& host, const Request& request, Reserved reserved) {
  bool any_usable = false;
  HostStatus worst = HostStatus::reserved;
  for (Address& address : host.addresses) {
    if (is_family_off(address.ip, request.options.families)) {
      worst = HostStatus::family_off;  // a matter of this sender, not of the domain: outranks `reserved`
      address.usable = false;
    } else if (is_down(address, request)) {
      if (worst != HostStatus::family_off) worst = HostStatus::down;
      address.usable = false;
    } else if (reserved == Reserved::refuse && is_reserved(address.ip)) {
      address.usable = false;
    }
    any_usable = any_usable || address.usable;
  }
  if (any_usable || host.addresses.empty()) return;
  host.status = worst;
  host.note = worst == HostStatus::reserved     ? "it points to loopback or another address that is no host's"
              : worst == HostStatus::family_off ? "all its addresses are of a family that is off here"
                                                : "it is taken as down";
}

Host assess_host(const dns::Name& name, const Request& request, const SelfView& self, SelfTest test,
                 Reserved reserved, Inquiry& inquiry) {
  Host host{.name = name, .canonical = name};
  if (!is_host_name(name)) {
    host.status = HostStatus::invalid;
    host.note = name.is_root() ? "it is the root of the DNS, not a host" : "it is not a host name";
    return host;
  }
  // Both families, even if one is off: we may recognise ourselves by either (conformance 25).
  const std::array answers{inquiry.ask(name, dns::Type::a), inquiry.ask(name, dns::Type::aaaa)};
  if (answers[0] == nullptr || answers[1] == nullptr) return host;
  for (const dns::Answer* answer : answers) {
    if (answer->present()) add_addresses(host, *answer);
    if (answer->present() && !answer->chain.empty()) host.canonical = answer->canonical;
  }
  host.secure = answers[0]->secure && answers[1]->secure;
  if (mentions_self(host, answers, self, test)) {
    host.status = HostStatus::is_self;
    host.note = "it is this host";
    return host;
  }
  judge_addresses(host, request, reserved);
  if (std::ranges::none_of(host.addresses, &Address::usable)) judge_empty(host, answers);
  if (std::ranges::find(request.down_hosts, name) != request.down_hosts.end() &&
      host.status == HostStatus::ok) {
    for (Address& address : host.addresses) address.usable = false;
    host.status = HostStatus::down;
    host.note = "it is taken as down";
  }
  return host;
}

}  // namespace waybill::route
