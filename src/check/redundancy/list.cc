#include <array>

#include "check/catalogue.h"
#include "check/redundancy/redundancy.h"

namespace waybill::check {

Checks redundancy_checks() {
  using namespace redundancy;
  static constexpr std::array<const Check*, 7> kList{
      &one_network,       &one_zone,           &ipv6_at_one_preference, &weaker_backup,
      &backup_not_listed, &spf_rejects_backup, &single_failure,
  };
  return kList;
}

}  // namespace waybill::check
