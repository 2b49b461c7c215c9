// story.h: what the demo shows, act by act, told as it happens.
#pragma once

#include <string>

#include "cli/demo/world.h"

namespace waybill::cli::demo {

/// Tells the story on stdout. Errors: what went wrong, in one sentence; the story ends there.
[[nodiscard]] Status tell(World& world, bool colour);

}  // namespace waybill::cli::demo
