#include <array>

#include "check/address/address.h"
#include "check/catalogue.h"

namespace waybill::check {

Checks address_checks() { return {}; }

}  // namespace waybill::check
