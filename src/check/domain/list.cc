#include <array>

#include "check/catalogue.h"
#include "check/domain/domain.h"

namespace waybill::check {

Checks domain_checks() {
  using namespace domain;
  static constexpr std::array<const Check*, 5> kList{
      &cname, &wildcard, &spoofable_subdomain, &doubled_name, &large_mx_answer,
  };
  return kList;
}

}  // namespace waybill::check
