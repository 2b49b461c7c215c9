// domain.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::domain {

extern const Check cname;
extern const Check wildcard;
extern const Check spoofable_subdomain;
extern const Check doubled_name;
extern const Check large_mx_answer;

}  // namespace waybill::check::domain
