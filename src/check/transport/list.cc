#include <array>

#include "check/catalogue.h"
#include "check/transport/transport.h"

namespace waybill::check {

Checks transport_checks() {
  using namespace transport;
  static constexpr std::array<const Check*, 15> kList{
      &sts_none,          &sts_record,         &sts_policy_unreachable, &sts_content_type,
      &sts_short_max_age, &sts_mx_not_listed,  &sts_lists_no_mx,        &tlsrpt_none,
      &tlsrpt_syntax,     &dane_unsigned_zone, &dane_no_match,          &dane_unusable,
      &tls_no_starttls,   &tls_certificate,    &dane_contradicts_sts};
  return kList;
}

}  // namespace waybill::check
