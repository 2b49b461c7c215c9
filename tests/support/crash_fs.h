// crash_fs.h: a file system for RocksDB that fails the operation that it is told to, of all that change
// anything (create, write, sync, close, rename, delete, sync of a folder), and that knows what a power cut
// would leave: octets that their file's sync saw, under names that their folder's sync saw. What was deleted
// or renamed without such a sync is back as it was. The running database may go on: the image is written
// elsewhere.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace waybill::queue::samples {

class CrashFs : public rocksdb::FileSystemWrapper {
 public:
  enum class Fault {
    no_space,
    io,
    short_write,  ///< half of the octets are written, then there is no room; other operations: no_space
    silent_short  ///< half of a write is there, and it says all is well; other operations succeed
  };

  /// `store` is an empty folder for what is deleted and may come back; on the same file system.
  explicit CrashFs(std::string store)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), store_(std::move(store)) {}
  const char* Name() const override { return "CrashFs"; }

  /// The `nth` operation from now on meets it (1: the next); `lasting`: and all after it, until heal().
  void fail(uint64_t nth, Fault fault, bool lasting) {
    const std::lock_guard lock(mutex_);
    fail_at_ = operations_ + nth;
    fault_ = fault;
    lasting_ = lasting;
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    fail_at_ = 0;
  }
  [[nodiscard]] uint64_t operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
  }
  /// What the fault met, such as "write 000012.log"; empty: nothing yet.
  [[nodiscard]] std::string met() const {
    const std::lock_guard lock(mutex_);
    return met_;
  }
  /// Writes what a power cut right now would leave of `folder` into `image`.
  void leave(const std::string& folder, const std::string& image) const {
    const std::lock_guard lock(mutex_);
    leave_locked(folder, image);
  }
  /// The same before the `nth` operation from now on.
  void leave_before(uint64_t nth, const std::string& folder, const std::string& image) {
    const std::lock_guard lock(mutex_);
    leave_at_ = operations_ + nth;
    left_ = {folder, image};
  }

  /// Copies a folder to `folder`; all in it is durable.
  void adopt(const std::string& image, const std::string& folder) {
    std::filesystem::copy(image, folder);
    const std::lock_guard lock(mutex_);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      auto file = std::make_shared<Inode>(Inode{.number = ++inodes_, .synced = entry.file_size()});
      std::filesystem::create_hard_link(entry.path(), kept(*file));
      now_[entry.path()] = durable_[entry.path()] = std::move(file);
    }
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out,
                                    rocksdb::IODebugContext* debug) override {
    if (auto status = check("create", path); !status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> inner;
    auto status = FileSystemWrapper::NewWritableFile(path, options, &inner, debug);
    if (!status.ok()) return status;
    const std::lock_guard lock(mutex_);
    auto file = std::make_shared<Inode>(Inode{.number = ++inodes_});
    if (::link(path.c_str(), kept(*file).c_str()) != 0) return rocksdb::IOStatus::IOError("link", path);
    now_[path] = file;
    *out = std::make_unique<File>(*this, path, std::move(file), std::move(inner));
    return status;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (auto status = check("rename", to); !status.ok()) return status;
    const auto status = FileSystemWrapper::RenameFile(from, to, options, debug);
    const std::lock_guard lock(mutex_);
    if (const auto at = now_.find(from); status.ok() && at != now_.end()) {
      now_[to] = at->second;
      now_.erase(from);
    }
    return status;
  }
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (auto status = check("delete", path); !status.ok()) return status;
    const auto status = FileSystemWrapper::DeleteFile(path, options, debug);
    const std::lock_guard lock(mutex_);
    if (status.ok()) now_.erase(path);
    return status;
  }
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* out,
                                 rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSDirectory> inner;
    auto status = FileSystemWrapper::NewDirectory(path, options, &inner, debug);
    if (status.ok()) *out = std::make_unique<Folder>(*this, path, std::move(inner));
    return status;
  }

 private:
  struct Inode {
    uint64_t number = 0;
    uint64_t synced = 0;  ///< octets
  };

  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(CrashFs& fs, std::string path, std::shared_ptr<Inode> inode,
         std::unique_ptr<rocksdb::FSWritableFile>&& inner)
        : FSWritableFileOwnerWrapper(std::move(inner)),
          fs_(fs),
          path_(std::move(path)),
          inode_(std::move(inode)) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      size_t octets = data.size();
      auto fault = fs_.check_write(path_, octets);
      const auto status = FSWritableFileOwnerWrapper::Append({data.data(), octets}, options, debug);
      if (status.ok()) size_ += octets;
      return fault.ok() ? status : fault;
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      if (auto status = fs_.check("sync", path_); !status.ok()) return status;
      // The page cache is our disk: it is leave() that loses.
      const auto status = FSWritableFileOwnerWrapper::Flush(options, debug);
      const std::lock_guard lock(fs_.mutex_);
      if (status.ok()) inode_->synced = size_;
      return status;
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      return Sync(options, debug);
    }
    rocksdb::IOStatus RangeSync(uint64_t, uint64_t, const rocksdb::IOOptions&,
                                rocksdb::IODebugContext*) override {
      return fs_.check("range sync", path_);  // begins the writing, promises nothing
    }
    rocksdb::IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      auto fault = fs_.check("close", path_);
      const auto status = FSWritableFileOwnerWrapper::Close(options, debug);
      return fault.ok() ? status : fault;
    }

   private:
    CrashFs& fs_;
    std::string path_;
    std::shared_ptr<Inode> inode_;
    uint64_t size_ = 0;
  };

  class Folder final : public rocksdb::FSDirectoryWrapper {
   public:
    Folder(CrashFs& fs, std::string path, std::unique_ptr<rocksdb::FSDirectory>&& inner)
        : FSDirectoryWrapper(std::move(inner)), fs_(fs), path_(std::move(path)) {}
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
      return fs_.sync_folder(path_);
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions&, rocksdb::IODebugContext*,
                                          const rocksdb::DirFsyncOptions&) override {
      return fs_.sync_folder(path_);
    }

   private:
    CrashFs& fs_;
    std::string path_;
  };

  static bool is_in(std::string_view folder, std::string_view path) {
    while (folder.ends_with('/')) folder.remove_suffix(1);
    return path.starts_with(folder) && path.rfind('/') == folder.size();
  }
  [[nodiscard]] std::string kept(const Inode& file) const {
    return store_ + "/" + std::to_string(file.number);
  }
  // REQUIRES for these two: the mutex is held.
  void leave_locked(const std::string& folder, const std::string& image) const {
    std::filesystem::create_directories(image);
    for (const auto& [path, file] : durable_) {
      if (!is_in(folder, path)) continue;
      const std::string copy = image + "/" + std::filesystem::path(path).filename().string();
      copy_octets(kept(*file), copy, file->synced);
    }
  }
  /// The first `octets` of a file, which another thread may cut shorter meanwhile (a log gives up its zeros).
  static void copy_octets(const std::string& from, const std::string& to, uint64_t octets) {
    std::ifstream in(from, std::ios::binary);
    std::ofstream out(to, std::ios::binary);
    std::string block(size_t{1} << 16, '\0');
    while (octets > 0 &&
           in.read(block.data(), static_cast<std::streamsize>(std::min<uint64_t>(octets, block.size())))
                   .gcount() > 0) {
      out.write(block.data(), in.gcount());
      octets -= static_cast<uint64_t>(in.gcount());
    }
    if (!out.flush()) throw std::runtime_error("cannot write " + to);
  }
  [[nodiscard]] bool meets(const std::string& doing, const std::string& path) {
    ++operations_;
    if (operations_ == leave_at_) leave_locked(left_.first, left_.second);
    const bool now = fail_at_ != 0 && (operations_ == fail_at_ || (lasting_ && operations_ > fail_at_));
    if (now && met_.empty()) met_ = doing + " " + std::filesystem::path(path).filename().string();
    return now;
  }
  rocksdb::IOStatus check(const std::string& doing, const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (!meets(doing, path) || fault_ == Fault::silent_short) return rocksdb::IOStatus::OK();
    if (fault_ == Fault::io) return rocksdb::IOStatus::IOError("crash_fs", doing);
    return rocksdb::IOStatus::NoSpace("crash_fs", doing);
  }
  /// Sets `octets` to how many of them reach the file.
  rocksdb::IOStatus check_write(const std::string& path, size_t& octets) {
    const std::lock_guard lock(mutex_);
    if (!meets("write", path)) return rocksdb::IOStatus::OK();
    const bool half = fault_ == Fault::short_write || fault_ == Fault::silent_short;
    octets = half ? octets / 2 : 0;
    if (fault_ == Fault::silent_short) return rocksdb::IOStatus::OK();
    if (fault_ == Fault::io) return rocksdb::IOStatus::IOError("crash_fs", "write");
    return rocksdb::IOStatus::NoSpace("crash_fs", "write");
  }
  rocksdb::IOStatus sync_folder(const std::string& path) {
    if (auto status = check("sync folder", path); !status.ok()) return status;
    const auto within = [&path](const auto& entry) { return is_in(path, entry.first); };
    const std::lock_guard lock(mutex_);
    std::erase_if(durable_, within);
    for (const auto& entry : now_) {
      if (within(entry)) durable_.insert(entry);
    }
    return rocksdb::IOStatus::OK();
  }

  const std::string store_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Inode>> now_;
  std::map<std::string, std::shared_ptr<Inode>> durable_;
  uint64_t inodes_ = 0;
  uint64_t operations_ = 0;
  uint64_t fail_at_ = 0;
  Fault fault_ = Fault::io;
  bool lasting_ = false;
  std::string met_;
  uint64_t leave_at_ = 0;
  std::pair<std::string, std::string> left_;  ///< folder, image
};

}  // namespace waybill::queue::samples
