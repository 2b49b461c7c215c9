// transport.h: the checks of this family; each stands in the file of its name.
#pragma once

#include "check/check.h"

namespace waybill::check::transport {}  // namespace waybill::check::transport
