// mx.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::mx {

extern const Check none;
extern const Check target_is_cname;

}  // namespace waybill::check::mx
