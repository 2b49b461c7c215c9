#include <array>

#include "check/address/address.h"
#include "check/catalogue.h"

namespace waybill::check {

Checks address_checks() {
  static constexpr std::array<const Check*, 7> kList{
      &address::no_ptr,  &address::ptr_disagrees, &address::ptr_foreign_name, &address::banner_differs,
      &address::no_ipv6, &address::ipv6_silent,   &address::block_listed,
  };
  return kList;
}

}  // namespace waybill::check
