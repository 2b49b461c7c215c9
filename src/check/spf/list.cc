#include <array>

#include "check/catalogue.h"
#include "check/spf/spf.h"

namespace waybill::check {

Checks spf_checks() { return {}; }

}  // namespace waybill::check
