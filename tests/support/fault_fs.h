// fault_fs.h: a file system for RocksDB that runs out of space, fails, or loses what was not synced when
// the power goes, on demand.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace waybill::queue::samples {

class FaultFs : public rocksdb::FileSystemWrapper {
 public:
  enum class Fault { none, no_space, io, power };

  FaultFs() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultFs"; }

  /// What a fault concerns: files whose name contains `part` (empty: all), and the first `times` writes or
  /// syncs of them (0: all, until set() ends it).
  struct Aim {
    std::string part;
    bool only_syncs = false;
    int64_t times = 0;
  };
  void set(Fault fault) { set(fault, Aim{}); }
  void set(Fault fault, Aim at) {
    const std::lock_guard lock(mutex_);
    aim_ = std::move(at);
    fault_ = fault;
  }
  /// Called once, when a database is about to open next: all its files are closed then.
  void before_opening(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    before_opening_ = std::move(call);
  }
  /// After `writes` more appends or syncs of any file the power goes.
  void lose_power_after(int64_t writes) { fail_after(writes, Fault::power); }
  /// The same for another fault; it stays until set() ends it.
  void fail_after(int64_t writes, Fault fault) {
    coming_ = fault;
    countdown_ = writes;
  }
  [[nodiscard]] bool dead() const { return fault_ == Fault::power; }
  /// With the database closed: cuts every file back to what was synced.
  void drop_unsynced() {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, synced] : synced_) {
      std::error_code error;
      if (std::filesystem::exists(path, error) && std::filesystem::file_size(path, error) > synced) {
        std::filesystem::resize_file(path, synced, error);
      }
    }
    synced_.clear();
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out,
                                    rocksdb::IODebugContext* debug) override {
    if (auto status = check(path, Op::folder); !status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> inner;
    auto status = FileSystemWrapper::NewWritableFile(path, options, &inner, debug);
    if (status.ok()) {
      note(path, 0);
      *out = std::make_unique<File>(*this, path, std::move(inner));
    }
    return status;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (auto status = check(to, Op::folder); !status.ok()) return status;
    const std::lock_guard lock(mutex_);
    if (const auto at = synced_.find(from); at != synced_.end()) {
      synced_[to] = at->second;
      synced_.erase(from);
    }
    return FileSystemWrapper::RenameFile(from, to, options, debug);
  }
  rocksdb::IOStatus LockFile(const std::string& path, const rocksdb::IOOptions& options,
                             rocksdb::FileLock** out, rocksdb::IODebugContext* debug) override {
    std::function<void()> call;
    {
      const std::lock_guard lock(mutex_);
      call = std::exchange(before_opening_, nullptr);
    }
    if (call) call();
    return FileSystemWrapper::LockFile(path, options, out, debug);
  }
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (dead()) return rocksdb::IOStatus::IOError("no power");
    return FileSystemWrapper::DeleteFile(path, options, debug);
  }

 private:
  enum class Op { folder, write, sync };
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultFs& fs, std::string path, std::unique_ptr<rocksdb::FSWritableFile>&& inner)
        : FSWritableFileOwnerWrapper(std::move(inner)), fs_(fs), path_(std::move(path)) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (auto status = fs_.check(path_, Op::write); !status.ok()) return status;
      size_ += data.size();
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& info,
                             rocksdb::IODebugContext* debug) override {
      if (auto status = fs_.check(path_, Op::write); !status.ok()) return status;
      size_ += data.size();
      return FSWritableFileOwnerWrapper::Append(data, options, info, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      if (auto status = fs_.check(path_, Op::sync); !status.ok()) return status;
      fs_.note(path_, size_);
      return FSWritableFileOwnerWrapper::Flush(options,
                                               debug);  // the page cache is our disk: cutting is what loses
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      return Sync(options, debug);
    }

   private:
    FaultFs& fs_;
    std::string path_;
    uint64_t size_ = 0;
  };

  rocksdb::IOStatus check(const std::string& path, Op op) {
    if (op != Op::folder && countdown_ > 0 && --countdown_ == 0) fault_ = coming_.load();
    switch (fault_ == Fault::none ? Fault::none : met(path, op)) {
      case Fault::none:
        return rocksdb::IOStatus::OK();
      case Fault::no_space:
        return rocksdb::IOStatus::NoSpace("fault_fs");
      case Fault::io:
        return rocksdb::IOStatus::IOError("fault_fs");
      case Fault::power:
        return rocksdb::IOStatus::IOError("no power");
    }
    return rocksdb::IOStatus::OK();
  }
  /// The fault that this operation meets.
  Fault met(const std::string& path, Op op) {
    const std::lock_guard lock(mutex_);
    const Fault fault = fault_;
    if (!std::filesystem::path(path).filename().string().contains(aim_.part)) return Fault::none;
    if (aim_.only_syncs && op != Op::sync) return Fault::none;
    if (aim_.times == 0) return fault;
    if (op == Op::folder) return Fault::none;
    if (--aim_.times == 0) fault_ = Fault::none;  // this was the last
    return fault;
  }
  void note(const std::string& path, uint64_t synced) {
    const std::lock_guard lock(mutex_);
    synced_[path] = synced;
  }

  std::atomic<Fault> fault_{Fault::none};
  std::atomic<Fault> coming_{Fault::power};
  std::atomic<int64_t> countdown_{0};
  std::mutex mutex_;
  Aim aim_;
  std::function<void()> before_opening_;
  std::map<std::string, uint64_t> synced_;
};

}  // namespace waybill::queue::samples
