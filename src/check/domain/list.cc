#include <array>

#include "check/catalogue.h"
#include "check/domain/domain.h"

namespace waybill::check {

Checks domain_checks() { return {}; }

}  // namespace waybill::check
