// spf.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::spf {}  // namespace waybill::check::spf
