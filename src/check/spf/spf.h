// spf.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::spf {

extern const Check none;
extern const Check several;
extern const Check syntax;
extern const Check too_many_lookups;
extern const Check nearly_too_many_lookups;
extern const Check void_lookups;
extern const Check mx_too_many_hosts;
extern const Check include_loop;
extern const Check ptr_used;
extern const Check weak_all;
extern const Check text_after_all;
extern const Check too_long;
extern const Check ipv6_in_ip4;
extern const Check sender_fails;

}  // namespace waybill::check::spf
