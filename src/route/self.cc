#include "route/self.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace waybill::route {

Result<std::vector<IpAddress>> local_addresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return std::unexpected(errno_error("cannot list the network interfaces"));
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  std::vector<IpAddress> out;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    if (at->ifa_addr->sa_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, at->ifa_addr, sizeof in);
      out.push_back(IpAddress::v4(ntohl(in.sin_addr.s_addr)));
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 in{};
      std::memcpy(&in, at->ifa_addr, sizeof in);
      std::array<uint8_t, 16> octets{};
      std::memcpy(octets.data(), &in.sin6_addr, octets.size());
      out.push_back(IpAddress::v6(octets));
    }
  }
  std::ranges::sort(out);
  const auto doubles = std::ranges::unique(out);
  out.erase(doubles.begin(), doubles.end());
  return out;
}

}  // namespace waybill::route
