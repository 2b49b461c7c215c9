#include "cli/config_write.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

namespace waybill::cli {

Status write_new(const std::string& path, std::string_view text) {
  std::error_code error;
  if (const auto parent = std::filesystem::path(path).parent_path(); !parent.empty())
    std::filesystem::create_directories(parent, error);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    if (errno == EEXIST) return fail(Errc::exists, "{} exists already; it was not touched", path);
    return std::unexpected(errno_error(fmt::format("cannot create {}", path)));
  }
  Status done;
  while (!text.empty() && done) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
    if (n < 0 && errno != EINTR) done = std::unexpected(errno_error(fmt::format("cannot write {}", path)));
  }
  if (done && ::fsync(fd) != 0) done = std::unexpected(errno_error(fmt::format("cannot write {}", path)));
  ::close(fd);
  if (!done) ::unlink(path.c_str());
  return done;
}

}  // namespace waybill::cli
