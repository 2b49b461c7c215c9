// spf_says.h: whether the SPF record of a domain lets anybody send for it: all that checks of MX records need
// to know. No evaluation: who exactly may send is policy/'s and the family spf's.
#pragma once

#include <string>

#include "check/check.h"

namespace waybill::check::mx {

struct SpfSays {
  enum class Who : uint8_t {
    open,      ///< an answer is missing
    unknown,   ///< could not be found out; reported
    nothing,   ///< no record
    unclear,   ///< several records, or a redirection that can't be followed
    nobody,    ///< "v=spf1 -all"
    somebody,  ///< any other: mechanisms, or an end that is not -all
  };
  Who who = Who::open;
  std::string text;  ///< of the record
};
/// Follows `redirect=` (RFC 7208 6.1).
[[nodiscard]] SpfSays spf_says(const dns::Name& name, Look& look, Report& report);

}  // namespace waybill::check::mx
