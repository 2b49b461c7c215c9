#include <array>

#include "check/catalogue.h"
#include "check/dkim/dkim.h"

namespace waybill::check {

Checks dkim_checks() {
  static constexpr std::array<const Check*, 4> kList{&dkim::selector_missing, &dkim::pasted_quotes,
                                                     &dkim::syntax, &dkim::short_key};
  return kList;
}

}  // namespace waybill::check
