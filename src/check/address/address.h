// address.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::address {

extern const Check no_ptr;
extern const Check ptr_disagrees;
extern const Check ptr_foreign_name;
extern const Check banner_differs;
extern const Check no_ipv6;
extern const Check ipv6_silent;
extern const Check block_listed;

}  // namespace waybill::check::address
