#include <array>

#include "check/catalogue.h"
#include "check/spf/spf.h"

namespace waybill::check {

Checks spf_checks() {
  static constexpr std::array<const Check*, 14> kList{
      &spf::none,         &spf::several,           &spf::syntax,
      &spf::ipv6_in_ip4,  &spf::too_many_lookups,  &spf::nearly_too_many_lookups,
      &spf::void_lookups, &spf::mx_too_many_hosts, &spf::include_loop,
      &spf::ptr_used,     &spf::weak_all,          &spf::text_after_all,
      &spf::too_long,     &spf::sender_fails};
  return kList;
}

}  // namespace waybill::check
