// dmarc.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::dmarc {

extern const Check none;
extern const Check several;
extern const Check txt_and_cname;
extern const Check policy_none;
extern const Check weaker_for_subdomains;
extern const Check no_reports;
extern const Check foreign_reports_unauthorised;
extern const Check unknown_tags;

}  // namespace waybill::check::dmarc
