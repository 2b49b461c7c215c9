#include <array>

#include "check/catalogue.h"
#include "check/dmarc/dmarc.h"

namespace waybill::check {

Checks dmarc_checks() {
  static constexpr std::array<const Check*, 8> kList{
      &dmarc::none,          &dmarc::several,
      &dmarc::txt_and_cname, &dmarc::unknown_tags,
      &dmarc::policy_none,   &dmarc::weaker_for_subdomains,
      &dmarc::no_reports,    &dmarc::foreign_reports_unauthorised};
  return kList;
}

}  // namespace waybill::check
