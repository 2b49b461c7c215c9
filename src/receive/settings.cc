#include "receive/settings.h"

#include <algorithm>

namespace waybill::receive {

bool Settings::trusts(const IpAddress& client) const {
  return std::ranges::any_of(no_delay, [&](const IpNetwork& network) { return network.contains(client); });
}

}  // namespace waybill::receive
