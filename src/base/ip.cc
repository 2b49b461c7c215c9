#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace waybill {

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);  // inet_pton wants a terminator
  std::array<uint8_t, 4> four{};
  if (inet_pton(AF_INET, copy.c_str(), four.data()) == 1) return v4(four);
  std::array<uint8_t, 16> sixteen{};
  if (text.find('\0') == std::string_view::npos && inet_pton(AF_INET6, copy.c_str(), sixteen.data()) == 1)
    return v6(sixteen);
  return fail(Errc::invalid, "'{}' is not an IP address", text);
}

IpAddress IpAddress::v4(std::array<uint8_t, 4> octets) {
  IpAddress out;
  std::ranges::copy(octets, out.octets_.begin());
  return out;
}

IpAddress IpAddress::v4(uint32_t host_order) {
  return v4({static_cast<uint8_t>(host_order >> 24), static_cast<uint8_t>(host_order >> 16),
             static_cast<uint8_t>(host_order >> 8), static_cast<uint8_t>(host_order)});
}

IpAddress IpAddress::v6(const std::array<uint8_t, 16>& octets) {
  static constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), octets.begin())) {
    return v4({octets[12], octets[13], octets[14], octets[15]});
  }
  IpAddress out;
  out.is_v4_ = false;
  out.octets_ = octets;
  return out;
}

bool IpAddress::is_loopback() const {
  if (is_v4_) return octets_[0] == 127;
  return octets_[15] == 1 &&
         std::all_of(octets_.begin(), octets_.end() - 1, [](uint8_t o) { return o == 0; });
}

bool IpAddress::is_unspecified() const {
  return std::ranges::all_of(octets_, [](uint8_t o) { return o == 0; });
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(is_v4_ ? AF_INET : AF_INET6, octets_.data(), text, sizeof text);
  return text;
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const size_t slash = text.find('/');
  auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return fail(Errc::invalid, "'{}' is not a network such as 192.0.2.0/24 or 2001:db8::/32", text);
  IpNetwork out;
  out.base_ = *base;
  const int bits_max = base->is_v4() ? 32 : 128;
  out.prefix_bits_ = bits_max;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.prefix_bits_);
    if (error != std::errc{} || end != digits.data() + digits.size() || out.prefix_bits_ < 0 ||
        out.prefix_bits_ > bits_max) {
      return fail(Errc::invalid, "'{}': the prefix length must be 0 to {}", text, bits_max);
    }
  }
  for (int bit = out.prefix_bits_; bit < bits_max; ++bit) {
    if ((out.base_.octets()[static_cast<size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0) {
      return fail(Errc::invalid, "'{}' has bits set beyond its /{}", text, out.prefix_bits_);
    }
  }
  return out;
}

bool IpNetwork::contains(const IpAddress& address) const {
  if (address.is_v4() != base_.is_v4()) return false;
  for (int bit = 0; bit < prefix_bits_; bit += 8) {
    const auto at = static_cast<size_t>(bit / 8);
    const int keep = std::min(8, prefix_bits_ - bit);
    const auto mask = static_cast<uint8_t>(0xff << (8 - keep));
    if ((address.octets()[at] & mask) != (base_.octets()[at] & mask)) return false;
  }
  return true;
}

std::string IpNetwork::to_string() const { return fmt::format("{}/{}", base_.to_string(), prefix_bits_); }

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto bad = [&] {
    return fail(Errc::invalid, "'{}' is not an address and port such as 127.0.0.1:25 or [::1]:25", text);
  };
  std::string_view host;
  std::string_view digits;
  if (text.starts_with('[')) {
    const size_t close = text.find("]:");
    if (close == std::string_view::npos) return bad();
    host = text.substr(1, close - 1);
    digits = text.substr(close + 2);
  } else {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return bad();
    host = text.substr(0, colon);
    digits = text.substr(colon + 1);
  }
  auto ip = IpAddress::parse(host);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!ip || error != std::errc{} || end != digits.data() + digits.size()) return bad();
  return Endpoint{*ip, port};
}

std::string Endpoint::to_string() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.to_string(), port)
                    : fmt::format("[{}]:{}", ip.to_string(), port);
}

}  // namespace waybill
