#include "base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace waybill {
namespace {
class RealFile final : public WritableFile {
 public:
  RealFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~RealFile() override {
    if (fd_ >= 0) ::close(fd_);
  }
  Status write(std::string_view octets) override {
    while (!octets.empty()) {
      const ssize_t written = ::write(fd_, octets.data(), octets.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return std::unexpected(errno_error("write " + path_));
      octets.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  }
  Status sync() override {
    if (::fsync(fd_) != 0) return std::unexpected(errno_error("sync " + path_));
    return {};
  }
  Status close() override {
    // Some file systems report a full quota only here.
    if (::close(std::exchange(fd_, -1)) != 0) return std::unexpected(errno_error("close " + path_));
    return {};
  }

 private:
  int fd_;
  std::string path_;
};

Status done(int result, std::string_view doing, const std::string& path) {
  if (result == 0) return {};
  const int error_number = errno;
  return std::unexpected(errno_error(fmt::format("{} {}", doing, path), error_number));
}
}  // namespace

Result<std::unique_ptr<WritableFile>> RealFs::create(const std::string& path, unsigned mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) return std::unexpected(errno_error("create " + path));
  return std::make_unique<RealFile>(fd, path);
}

Result<std::string> RealFs::read(const std::string& path, size_t octets_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(errno_error("open " + path));
  std::string out;
  char buffer[65536];
  while (true) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      Error error = errno_error("read " + path);
      ::close(fd);
      return std::unexpected(std::move(error));
    }
    if (got == 0) break;
    out.append(buffer, static_cast<size_t>(got));
    if (out.size() <= octets_max) continue;
    ::close(fd);
    return fail(Errc::invalid, "{} is larger than {} octets", path, octets_max);
  }
  ::close(fd);
  return out;
}

Result<FileSystem::Kind> RealFs::kind(const std::string& path) {
  const auto found = info(path);
  if (!found) return pass(found.error());
  return found->kind;
}

Result<FileSystem::Info> RealFs::info(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return Info{};
    return std::unexpected(errno_error("stat " + path));
  }
  Info out;
  out.kind = S_ISREG(status.st_mode)   ? Kind::file
             : S_ISDIR(status.st_mode) ? Kind::directory
             : S_ISLNK(status.st_mode) ? Kind::symlink
                                       : Kind::other;
  out.size_octets = static_cast<uint64_t>(status.st_size);
  out.owner = status.st_uid;
  out.group = status.st_gid;
  return out;
}

Status RealFs::append(const std::string& path, std::string_view octets) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return std::unexpected(errno_error("open " + path));
  const ssize_t written = ::write(fd, octets.data(), octets.size());
  const int error_number = errno;
  ::close(fd);
  if (written < 0) return std::unexpected(errno_error("write " + path, error_number));
  if (static_cast<size_t>(written) != octets.size()) return fail(Errc::no_space, "{}: cut short", path);
  return {};
}

Status RealFs::make_directory(const std::string& path, unsigned mode) {
  return done(::mkdir(path.c_str(), mode), "make folder", path);
}
Status RealFs::rename(const std::string& from, const std::string& to) {
  return done(::rename(from.c_str(), to.c_str()), "rename to", to);
}
Status RealFs::link(const std::string& from, const std::string& to) {
  return done(::link(from.c_str(), to.c_str()), "link to", to);
}
Status RealFs::remove(const std::string& path) { return done(::unlink(path.c_str()), "remove", path); }

Status RealFs::sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(errno_error("open folder " + path));
  const int result = ::fsync(fd);
  const int error_number = errno;
  ::close(fd);
  if (result != 0) return std::unexpected(errno_error("sync folder " + path, error_number));
  return {};
}

Result<std::vector<std::string>> RealFs::list(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return std::unexpected(errno_error("list " + path));
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error_number = errno;
  ::closedir(directory);
  if (error_number != 0) return std::unexpected(errno_error("list " + path, error_number));
  std::ranges::sort(names);
  return names;
}

}  // namespace waybill
