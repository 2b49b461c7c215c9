#include "base/special_purpose.h"

#include <array>
#include <vector>

namespace waybill {
namespace {
/// The registries' blocks of which "Globally Reachable" is False, and multicast, which has registries of its
/// own.
constexpr std::array kBlocks{
    SpecialPurpose{"0.0.0.0/8", "an address of \"this network\"", "RFC 791 3.2"},
    SpecialPurpose{"10.0.0.0/8", "a private address", "RFC 1918 3"},
    SpecialPurpose{"100.64.0.0/10", "an address of a provider's own NAT", "RFC 6598"},
    SpecialPurpose{"127.0.0.0/8", "loopback", "RFC 1122 3.2.1.3"},
    SpecialPurpose{"169.254.0.0/16", "a link-local address", "RFC 3927"},
    SpecialPurpose{"172.16.0.0/12", "a private address", "RFC 1918 3"},
    SpecialPurpose{"192.0.0.0/24", "an address for protocols", "RFC 6890 2.1"},
    SpecialPurpose{"192.0.2.0/24", "an address for documentation", "RFC 5737 3"},
    SpecialPurpose{"192.168.0.0/16", "a private address", "RFC 1918 3"},
    SpecialPurpose{"198.18.0.0/15", "an address for benchmarks", "RFC 2544"},
    SpecialPurpose{"198.51.100.0/24", "an address for documentation", "RFC 5737 3"},
    SpecialPurpose{"203.0.113.0/24", "an address for documentation", "RFC 5737 3"},
    SpecialPurpose{"224.0.0.0/4", "multicast", "RFC 5771"},
    SpecialPurpose{"240.0.0.0/4", "an address reserved for the future", "RFC 1112 4"},
    SpecialPurpose{"255.255.255.255/32", "broadcast", "RFC 919 7"},
    SpecialPurpose{"::/128", "the unspecified address", "RFC 4291 2.5.2"},
    SpecialPurpose{"::1/128", "loopback", "RFC 4291 2.5.3"},
    SpecialPurpose{"64:ff9b:1::/48", "an address for translation within a network", "RFC 8215"},
    SpecialPurpose{"100::/64", "an address that only discards", "RFC 6666"},
    SpecialPurpose{"100:0:0:1::/64", "a dummy prefix", "RFC 9780"},
    SpecialPurpose{"2001:1::/32", "an address for protocols", "RFC 2928"},
    SpecialPurpose{"2001:2::/48", "an address for benchmarks", "RFC 5180"},
    SpecialPurpose{"2001:10::/28", "an identifier (ORCHID), no address", "RFC 4843"},
    SpecialPurpose{"2001:db8::/32", "an address for documentation", "RFC 3849"},
    SpecialPurpose{"3fff::/20", "an address for documentation", "RFC 9637"},
    SpecialPurpose{"5f00::/16", "an identifier of segment routing", "RFC 9602"},
    SpecialPurpose{"fc00::/7", "a private (unique local) address", "RFC 4193"},
    SpecialPurpose{"fe80::/10", "a link-local address", "RFC 4291 2.5.6"},
    SpecialPurpose{"fec0::/10", "a site-local address", "RFC 3879"},
    SpecialPurpose{"ff00::/8", "multicast", "RFC 4291 2.7"},
};
/// Within them, what is reachable from everywhere: anycast of PCP and TURN, and of the DNS-SD registration
/// protocol.
constexpr std::array<std::string_view, 5> kReachable{"192.0.0.9/32", "192.0.0.10/32", "2001:1::1/128",
                                                     "2001:1::2/128", "2001:1::3/128"};

template <class Text>
std::vector<IpNetwork> networks(const Text& blocks, auto text_of) {
  std::vector<IpNetwork> out;
  for (const auto& block : blocks) out.push_back(IpNetwork::parse(text_of(block)).value());
  return out;
}
}  // namespace

const SpecialPurpose* special_purpose(const IpAddress& ip) {
  static const auto blocks = networks(kBlocks, [](const SpecialPurpose& block) { return block.network; });
  static const auto reachable = networks(kReachable, [](std::string_view text) { return text; });
  for (const IpNetwork& network : reachable) {
    if (network.contains(ip)) return nullptr;
  }
  const SpecialPurpose* out = nullptr;
  int bits = -1;
  for (size_t i = 0; i < kBlocks.size(); ++i) {
    if (blocks[i].prefix_bits() <= bits || !blocks[i].contains(ip)) continue;
    bits = blocks[i].prefix_bits();
    out = &kBlocks[i];
  }
  return out;
}

}  // namespace waybill
