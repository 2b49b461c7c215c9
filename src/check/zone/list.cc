#include <array>

#include "check/zone/zone.h"

namespace waybill::check {

ZoneChecks zone_checks() {
  static constexpr std::array<const ZoneCheck*, 13> kList{&zone::syntax,
                                                          &zone::soa,
                                                          &zone::no_ns,
                                                          &zone::soa_timers,
                                                          &zone::out_of_zone,
                                                          &zone::missing_dot,
                                                          &zone::cname_and_other_data,
                                                          &zone::differing_ttls,
                                                          &zone::duplicate,
                                                          &zone::target_no_address,
                                                          &zone::mx_to_cname,
                                                          &zone::ns_to_cname,
                                                          &zone::backup_first};
  return kList;
}

}  // namespace waybill::check
