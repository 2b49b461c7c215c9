#include <array>

#include "check/catalogue.h"
#include "check/transport/transport.h"

namespace waybill::check {

Checks transport_checks() { return {}; }

}  // namespace waybill::check
