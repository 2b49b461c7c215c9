#include <array>

#include "check/catalogue.h"
#include "check/mx/mx.h"

namespace waybill::check {

Checks mx_checks() {
  static constexpr std::array<const Check*, 18> kList{
      &mx::none,
      &mx::implicit_silent,
      &mx::null,
      &mx::null_beside_others,
      &mx::null_preference,
      &mx::null_but_sends,
      &mx::target_is_cname,
      &mx::target_is_address,
      &mx::bad_hostname,
      &mx::target_no_address,
      &mx::target_twice,
      &mx::one_address,
      &mx::single,
      &mx::reserved_address,
      &mx::servers_disagree,
      &mx::odd_answers,
      &mx::parked,
      &mx::ttl,
  };
  return kList;
}

}  // namespace waybill::check
