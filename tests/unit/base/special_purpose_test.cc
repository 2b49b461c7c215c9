#include "base/special_purpose.h"

#include <gtest/gtest.h>

#include <string>

namespace waybill {
namespace {
std::string network_of(std::string_view text) {
  const SpecialPurpose* found = special_purpose(IpAddress::parse(text).value());
  return found == nullptr ? "" : std::string(found->network);
}

TEST(SpecialPurpose, every_block_begins_and_ends_where_the_registry_says) {
  struct Edge {
    std::string_view before, first, last, after, network;
  };
  for (const Edge& edge : {
           Edge{"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", "10.0.0.0/8"},
           Edge{"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", "100.64.0.0/10"},
           Edge{"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", "127.0.0.0/8"},
           Edge{"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0", "169.254.0.0/16"},
           Edge{"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "172.16.0.0/12"},
           Edge{"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0", "192.0.2.0/24"},
           Edge{"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", "192.168.0.0/16"},
           Edge{"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", "198.18.0.0/15"},
           Edge{"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0", "198.51.100.0/24"},
           Edge{"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", "203.0.113.0/24"},
           Edge{"2001:db7:ffff::", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db9::", "2001:db8::/32"},
           Edge{"3ffe:ffff::", "3fff::", "3fff:fff:ffff::", "3fff:1000::", "3fff::/20"},
           Edge{"fbff::", "fc00::", "fdff:ffff::", "fe00::", "fc00::/7"},
           Edge{"fe7f::", "fe80::", "febf::", "ff00::1", "fe80::/10"},
       }) {
    EXPECT_NE(network_of(edge.before), edge.network) << edge.before;
    EXPECT_EQ(network_of(edge.first), edge.network);
    EXPECT_EQ(network_of(edge.last), edge.network);
    EXPECT_NE(network_of(edge.after), edge.network) << edge.after;
  }
}

TEST(SpecialPurpose, the_narrowest_block_names_an_address) {
  EXPECT_EQ(network_of("255.255.255.255"), "255.255.255.255/32");
  EXPECT_EQ(network_of("255.255.255.254"), "240.0.0.0/4");
  EXPECT_EQ(network_of("0.0.0.0"), "0.0.0.0/8");
  EXPECT_EQ(network_of("::"), "::/128");
  EXPECT_EQ(network_of("::1"), "::1/128");
  EXPECT_EQ(network_of("224.0.0.1"), "224.0.0.0/4");
  EXPECT_EQ(network_of("ff02::1"), "ff00::/8");
}

TEST(SpecialPurpose, ordinary_and_reachable_special_addresses_are_none) {
  for (const std::string_view text :
       {"1.1.1.1", "8.8.8.8", "192.31.196.1", "192.175.48.1", "192.0.0.9", "192.0.0.10", "2606:4700::1111",
        "2a00::1", "2001:1::1", "2001:4:112::1", "2001:20::1", "2620:4f:8000::1", "64:ff9b::808:808"}) {
    EXPECT_EQ(network_of(text), "") << text;
  }
  EXPECT_EQ(network_of("192.0.0.8"), "192.0.0.0/24");
}

TEST(SpecialPurpose, an_ipv4_mapped_address_is_the_ipv4_address) {
  EXPECT_EQ(network_of("::ffff:10.0.0.1"), "10.0.0.0/8");
  EXPECT_EQ(network_of("::ffff:8.8.8.8"), "");
}
}  // namespace
}  // namespace waybill
