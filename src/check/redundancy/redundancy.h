// redundancy.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::redundancy {

extern const Check one_network;
extern const Check one_zone;
extern const Check ipv6_at_one_preference;
extern const Check weaker_backup;
extern const Check backup_not_listed;
extern const Check spf_rejects_backup;
extern const Check single_failure;

}  // namespace waybill::check::redundancy
