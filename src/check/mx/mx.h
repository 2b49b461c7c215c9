// mx.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::mx {

extern const Check none;
extern const Check implicit_silent;
extern const Check null;
extern const Check null_beside_others;
extern const Check null_preference;
extern const Check null_but_sends;
extern const Check target_is_cname;
extern const Check target_is_address;
extern const Check bad_hostname;
extern const Check target_no_address;
extern const Check target_twice;
extern const Check one_address;
extern const Check single;
extern const Check reserved_address;
extern const Check servers_disagree;
extern const Check odd_answers;
extern const Check parked;
extern const Check ttl;

}  // namespace waybill::check::mx
