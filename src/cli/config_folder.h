// config_folder.h: whether a folder that is not there yet could be made, and hold what is written there. Asks
// the file system; changes nothing.
#pragma once

#include <filesystem>
#include <string>

namespace waybill::cli {

/// The nearest folder or file above `path` (or itself) that exists. Relative paths stand under the current
/// folder.
[[nodiscard]] std::filesystem::path nearest_existing(const std::filesystem::path& path);

/// Why no folder can be made below `parent` by this process, in one clause; "" when nothing speaks against
/// it. Root may everything by the modes, yet no file system of the kernel's own (/proc, /sys) keeps anybody's
/// files.
[[nodiscard]] std::string why_no_folder_below(const std::filesystem::path& parent);

}  // namespace waybill::cli
