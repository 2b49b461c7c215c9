#include "queue/rocks_log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace waybill::queue::rocks {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// Writes zeros where the log will be, through a descriptor of its own. Never reports an error: the log's own
/// writes meet the same disk, and theirs count.
class Ahead {
 public:
  explicit Ahead(const std::string& path) : fd_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {}
  ~Ahead() {
    if (fd_ >= 0) ::close(fd_);
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  /// The log will be written from `from` to `to`. REQUIRES: nothing stands behind `from`.
  void prepare(uint64_t from, uint64_t to) {
    if (fd_ < 0 || to <= until_) return;
    static const std::vector<char> zeros(kLogAheadOctets, '\0');
    const uint64_t begin = std::max(from, until_);
    const ssize_t wrote = ::pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(begin));
    until_ = begin + static_cast<uint64_t>(std::max<ssize_t>(wrote, 0));
    // A disk that has no room for zeros has none to spare: what was written of them is taken back at the end.
    if (wrote != static_cast<ssize_t>(zeros.size())) until_ = std::max(until_, to);
  }

 private:
  int fd_;
  uint64_t until_ = 0;  ///< zeros, or the log itself, stand up to here
};

class LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LogFile(const std::string& path, std::unique_ptr<rocksdb::FSWritableFile>&& inner)
      : FSWritableFileOwnerWrapper(std::move(inner)), ahead_(path) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    ahead_.prepare(size_, size_ + data.size());
    return count(data, FSWritableFileOwnerWrapper::Append(data, options, debug));
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& info,
                  IODebugContext* debug) override {
    ahead_.prepare(size_, size_ + data.size());
    return count(data, FSWritableFileOwnerWrapper::Append(data, options, info, debug));
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    size_ = size;
    return FSWritableFileOwnerWrapper::Truncate(size, options, debug);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    // A log that keeps its zeros is as good: who opens it next cuts them off.
    if (!failed_) (void)FSWritableFileOwnerWrapper::Truncate(size_, options, debug);
    return FSWritableFileOwnerWrapper::Close(options, debug);
  }

 private:
  IOStatus count(const Slice& data, IOStatus status) {
    // After a write that failed nobody knows where the file's end is; RocksDB begins another log.
    failed_ = failed_ || !status.ok();
    size_ += data.size();
    return status;
  }

  Ahead ahead_;
  uint64_t size_ = 0;
  bool failed_ = false;
};

class LogAheadFs final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "waybill.LogAhead"; }
  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* out, IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSWritableFile> inner;
    auto status = FileSystemWrapper::NewWritableFile(path, options, &inner, debug);
    if (!status.ok()) return status;
    if (path.ends_with(".log") && !options.use_direct_writes && !options.use_mmap_writes) {
      *out = std::make_unique<LogFile>(path, std::move(inner));
    } else {
      *out = std::move(inner);
    }
    return status;
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> log_ahead(std::shared_ptr<rocksdb::FileSystem> base) {
  return std::make_shared<LogAheadFs>(std::move(base));
}

uint64_t without_zeros(std::string_view log, uint64_t whole_octets) {
  size_t kept = log.size();
  while (kept > whole_octets && log[kept - 1] == '\0') --kept;
  return kept;
}

}  // namespace waybill::queue::rocks
