#include "check/catalogue.h"

#include <algorithm>

namespace waybill::check {

const std::vector<const Check*>& catalogue() {
  static const std::vector<const Check*> all = [] {
    std::vector<const Check*> out;
    for (const Checks family : {mx_checks(), address_checks(), spf_checks(), dkim_checks(), dmarc_checks(),
                                transport_checks(), redundancy_checks(), domain_checks()}) {
      out.insert(out.end(), family.begin(), family.end());
    }
    return out;
  }();
  return all;
}

const Check* find_check(std::string_view id) {
  const auto at = std::ranges::find(catalogue(), id, &Check::id);
  return at == catalogue().end() ? nullptr : *at;
}

}  // namespace waybill::check
