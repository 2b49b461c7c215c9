#include "cli/config_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace waybill::cli {
namespace fs = std::filesystem;

fs::path nearest_existing(const fs::path& path) {
  std::error_code error;
  fs::path at = fs::absolute(path, error).lexically_normal();
  while (!fs::exists(at, error) && at.has_parent_path() && at != at.parent_path()) at = at.parent_path();
  return at;
}

std::string why_no_folder_below(const fs::path& parent) {
  std::error_code error;
  if (!fs::is_directory(parent, error)) return fmt::format("{} is not a folder", parent.string());
  // Asks the kernel as who we are, read-only mounts among the answers (EROFS).
  if (faccessat(AT_FDCWD, parent.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    return fmt::format("{}: {}", parent.string(), std::strerror(errno));
  struct statfs about{};
  if (statfs(parent.c_str(), &about) != 0)
    return fmt::format("{}: {}", parent.string(), std::strerror(errno));
  constexpr std::array<decltype(about.f_type), 6> kKernelsOwn{
      PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC};
  if (std::ranges::find(kKernelsOwn, about.f_type) != kKernelsOwn.end())
    return fmt::format("{} is the kernel's own, and keeps no files", parent.string());
  return {};
}

}  // namespace waybill::cli
