#include <array>

#include "check/catalogue.h"
#include "check/mx/mx.h"

namespace waybill::check {

Checks mx_checks() {
  static constexpr std::array<const Check*, 2> kList{&mx::none, &mx::target_is_cname};
  return kList;
}

}  // namespace waybill::check
