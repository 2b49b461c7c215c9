// config_write.h: how `waybill config` writes a file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill::cli {

/// Written whole or not at all, and never over anything that is there (O_EXCL). Errors: exists, or the
/// system's.
[[nodiscard]] Status write_new(const std::string& path, std::string_view text);

}  // namespace waybill::cli
