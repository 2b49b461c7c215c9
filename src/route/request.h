// request.h: everything a routing decision depends on besides the DNS: whose mail it is, who we are, which
// route applies, and what this sender may use. Plain values; nothing here asks or blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "dns/name.h"
#include "mail/address.h"

namespace waybill::route {

/// How this host recognises itself among the MXs of a domain (RFC 5321 5.1: by any of its names or
/// addresses).
struct Self {
  /// Every name this host goes by: `hostname` first, then aliases. Their addresses are looked up as well,
  /// so that a host behind NAT knows the public address that stands in the DNS.
  std::vector<dns::Name> names;
  std::vector<IpAddress> addresses;  ///< every local address (see local_addresses())
  std::vector<uint16_t> ports = {
      25};  ///< that we listen on; only tells a loop from a filter for static routes
};

/// Where mail goes instead of to the domain's own MX: one entry of the route table.
struct Via {
  enum class Kind : uint8_t {
    mx,       ///< "mx": the domain's own MX
    host,     ///< "[relay.example]:587": addresses of the host, no MX lookup
    mx_of,    ///< "relay.example": that name's MX
    address,  ///< "[192.0.2.1]:25", "[2001:db8::1]:587", "[IPv6:2001:db8::1]": no DNS at all
  };
  Kind kind = Kind::mx;
  dns::Name name;                ///< of host and mx_of
  IpAddress address;             ///< of address
  std::optional<uint16_t> port;  ///< none: Options::port

  /// Errors: an empty text, a bad name, address or port, an IPv6 address without brackets.
  [[nodiscard]] static Result<Via> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;  ///< as parse() takes it
  bool operator==(const Via&) const = default;
};

/// What an entry of the route table does with the mail that it is for.
struct Way {
  enum class Kind : uint8_t {
    deliver,  ///< by `vias`, the later where the earlier fail
    discard,  ///< accepted and dropped: nobody is told
    hold,     ///< kept until an operator releases it
    refuse,   ///< "refuse \"text\"": 550 5.7.1 in the dialogue; what is queued already bounces with it
  };
  Kind kind = Kind::deliver;
  std::vector<Via> vias = std::vector<Via>(1);  ///< of deliver; never empty
  std::string text;                             ///< of refuse

  static constexpr size_t kViasMax = 16;
  /// "mx", "[a.example]:25, [b.example]:25", "discard", "hold", "refuse \"we have moved\"". Errors: as those
  /// of Via; too many; a refusal's text that is no single line of ASCII.
  [[nodiscard]] static Result<Way> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;  ///< as parse() takes it
  bool operator==(const Way&) const = default;
};

enum class Role : uint8_t {
  foreign,  ///< somebody else's domain
  backup,   ///< we are a secondary MX for it: forward to better MXs than ourselves only
};

enum class Families : uint8_t { both, v4_only, v6_only };
/// Loopback, unspecified, multicast and the like as targets of a foreign domain's MX.
enum class Reserved : uint8_t { refuse, allow };

struct Options {
  uint16_t port = 25;
  /// Addresses tried at one preference in one attempt. Each preference has its own allowance, so that a
  /// crowded one never hides the next (conformance 27). At least 2 (RFC 5321 5.1).
  size_t addresses_per_preference_max = 5;
  /// Hosts whose addresses are looked up, best first. A hostile zone may list thousands.
  size_t hosts_max = 64;
  Families families = Families::both;
  Reserved reserved = Reserved::refuse;  ///< allow: a lab whose whole internet lives on loopback
};

struct Request {
  mail::Domain domain;
  Self self;
  Way way;
  Role role = Role::foreign;
  Options options;
  uint64_t seed = 0;  ///< orders equals; the same seed gives the same plan
  /// What-if: hosts (by name) and networks taken as unreachable.
  std::vector<dns::Name> down_hosts;
  std::vector<IpNetwork> down_networks;
};

}  // namespace waybill::route
