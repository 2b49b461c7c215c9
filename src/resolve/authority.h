// authority.h: the small authoritative server without its sockets: a query's octets in, a response's octets
// out, with faults on demand. Not thread-safe (limited faults count down). Any octets may come in: what is no
// query gets FORMERR or nothing. Never recurses, never transfers zones (AXFR is refused).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "dns/message.h"
#include "dns/zone.h"
#include "resolve/faults.h"

namespace waybill::resolve {

enum class Transport : uint8_t { udp, tcp };

struct Reply {
  std::string octets;  ///< empty: say nothing
  Millis delay{0};
  bool from_other_port = false;
  std::string log_line;  ///< "MX example.org. -> NOERROR 2 records" ; empty: the query made no sense
};

class Authority {
 public:
  explicit Authority(dns::ZoneSet zones, FaultTable faults = {})
      : zones_(std::move(zones)), faults_(std::move(faults)) {}
  [[nodiscard]] Reply answer(std::string_view query, Transport transport);
  [[nodiscard]] const dns::ZoneSet& zones() const { return zones_; }

 private:
  [[nodiscard]] dns::Message respond(const dns::Message& query) const;
  dns::ZoneSet zones_;
  FaultTable faults_;
};

}  // namespace waybill::resolve
