// dkim.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::dkim {

extern const Check selector_missing;
extern const Check syntax;
extern const Check short_key;
extern const Check pasted_quotes;

}  // namespace waybill::check::dkim
