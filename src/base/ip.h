// ip.h: an IPv4 or IPv6 address and a network of them, as values: no sockets here.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill {

/// An address of either family. IPv4-mapped IPv6 (::ffff:192.0.2.1) is always held as IPv4, so that a rule
/// for one form can't be passed by in the other.
class IpAddress {
 public:
  IpAddress() = default;  ///< 0.0.0.0
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);
  [[nodiscard]] static IpAddress v4(uint32_t host_order);
  [[nodiscard]] static IpAddress v4(std::array<uint8_t, 4> octets);
  [[nodiscard]] static IpAddress v6(const std::array<uint8_t, 16>& octets);

  [[nodiscard]] bool is_v4() const { return is_v4_; }
  [[nodiscard]] bool is_v6() const { return !is_v4_; }
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_unspecified() const;
  /// The 4 or 16 octets in network order; for IPv4 the first four count.
  [[nodiscard]] const std::array<uint8_t, 16>& octets() const { return octets_; }
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool is_v4_ = true;
  std::array<uint8_t, 16> octets_{};
};

/// "192.0.2.0/24", "2001:db8::/32", or a lone address. Bits beyond the prefix must be zero.
class IpNetwork {
 public:
  [[nodiscard]] static Result<IpNetwork> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] int prefix_bits() const { return prefix_bits_; }
  auto operator<=>(const IpNetwork&) const = default;

 private:
  IpAddress base_;
  int prefix_bits_ = 32;
};

/// An address and a port: "192.0.2.1:25", "[2001:db8::1]:25".
struct Endpoint {
  IpAddress ip;
  uint16_t port = 0;

  [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace waybill

template <>
struct std::hash<waybill::IpAddress> {
  size_t operator()(const waybill::IpAddress& ip) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(ip.octets().data()), 16});
  }
};
