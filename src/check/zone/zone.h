// zone.h: the checks of a zone file; each stands in the file of its name.
#pragma once

#include "check/zone/zone_check.h"

namespace waybill::check::zone {

extern const ZoneCheck syntax;
extern const ZoneCheck soa;
extern const ZoneCheck no_ns;
extern const ZoneCheck soa_timers;
extern const ZoneCheck out_of_zone;
extern const ZoneCheck missing_dot;
extern const ZoneCheck cname_and_other_data;
extern const ZoneCheck differing_ttls;
extern const ZoneCheck duplicate;
extern const ZoneCheck target_no_address;
extern const ZoneCheck mx_to_cname;
extern const ZoneCheck ns_to_cname;
extern const ZoneCheck backup_first;

}  // namespace waybill::check::zone
