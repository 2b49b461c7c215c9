// fs.h: the file system, replaceable. What must survive a crash goes through this interface, so that a test
// can fail any operation and drop whatever was not synced.
//
// Thread rule: RealFs is stateless and thread-safe; FaultFs locks. Every call may block on a disk.
// Errors: no_space (ENOSPC, EDQUOT), exists, not_found, refused (EACCES, EPERM, EROFS), io.
// Never follows a symbolic link in the last component of a path that it creates.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

/// A file that is being written. Destroying it closes it without syncing.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  [[nodiscard]] virtual Status write(std::string_view octets) = 0;
  /// The data is on the disk when this succeeds (fsync). After a failed sync the file's content is unknown.
  [[nodiscard]] virtual Status sync() = 0;
  [[nodiscard]] virtual Status close() = 0;
};

class FileSystem {
 public:
  enum class Kind : uint8_t { absent, file, directory, symlink, other };
  struct Info {
    Kind kind = Kind::absent;
    uint64_t size_octets = 0;
    uint32_t owner = 0;  ///< user id
    uint32_t group = 0;
  };

  virtual ~FileSystem() = default;
  /// Errc::exists when the name is taken, whatever it is (O_EXCL).
  [[nodiscard]] virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                                     unsigned mode) = 0;
  [[nodiscard]] virtual Result<std::string> read(const std::string& path, size_t octets_max) = 0;
  /// Of the path itself, links not followed. Absent is an answer, not an error.
  [[nodiscard]] virtual Result<Kind> kind(const std::string& path) = 0;
  /// The same with size and owner.
  [[nodiscard]] virtual Result<Info> info(const std::string& path) = 0;
  /// Adds to the end of a file that is there, in one write (O_APPEND); not synced.
  [[nodiscard]] virtual Status append(const std::string& path, std::string_view octets) = 0;
  [[nodiscard]] virtual Status make_directory(const std::string& path, unsigned mode) = 0;
  [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// A second name for a file; Errc::exists when it is taken (unlike rename, never overwrites).
  [[nodiscard]] virtual Status link(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
  /// Names made, moved or removed in this directory survive a crash when this succeeds.
  [[nodiscard]] virtual Status sync_directory(const std::string& path) = 0;
  /// Names in a directory, sorted, without "." and "..".
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
};

/// The operating system's.
class RealFs final : public FileSystem {
 public:
  Result<std::unique_ptr<WritableFile>> create(const std::string& path, unsigned mode) override;
  Result<std::string> read(const std::string& path, size_t octets_max) override;
  Result<Kind> kind(const std::string& path) override;
  Result<Info> info(const std::string& path) override;
  Status append(const std::string& path, std::string_view octets) override;
  Status make_directory(const std::string& path, unsigned mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
};

/// In memory, for tests: fails the operation that it is told to, and crash() drops what was not synced.
/// The root "/" exists.
class FaultFs final : public FileSystem {
 public:
  /// The `nth` operation from now on (1: the very next) fails with `error_number`, once. 0: none does.
  void fail_at(uint64_t nth, int error_number);
  /// Every operation from the `nth` on fails, as on a disk that has died.
  void fail_from(uint64_t nth, int error_number);
  /// Operations so far; with it a test walks through every place of failure.
  [[nodiscard]] uint64_t operations() const;
  /// Power goes: names that no sync_directory saw and octets that no sync saw are gone.
  void crash();
  /// Puts a symbolic link there, durable.
  void plant_symlink(const std::string& path);
  /// Gives a file or folder to another user; kept through a crash.
  void set_owner(const std::string& path, uint32_t owner, uint32_t group);
  /// What a file holds now; nothing when there is no such file.
  [[nodiscard]] std::optional<std::string> content(const std::string& path) const;

  Result<std::unique_ptr<WritableFile>> create(const std::string& path, unsigned mode) override;
  Result<std::string> read(const std::string& path, size_t octets_max) override;
  Result<Kind> kind(const std::string& path) override;
  Result<Info> info(const std::string& path) override;
  Status append(const std::string& path, std::string_view octets) override;
  Status make_directory(const std::string& path, unsigned mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;

 private:
  friend class FaultFile;
  struct Node {
    Kind kind = Kind::file;
    std::string now;
    std::string synced;
    uint32_t owner = 0;
    uint32_t group = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  [[nodiscard]] Status operation(std::string_view doing);
  [[nodiscard]] Status parent_exists(const std::string& path) const;

  mutable std::mutex mutex_;
  Names now_;
  Names durable_;
  uint64_t operations_ = 0;
  uint64_t fail_at_ = 0;
  bool fail_on_ = false;
  int error_number_ = 0;
};

}  // namespace waybill
