// rocks_engine.h: the database itself: families, options, and the few helpers that every part of the
// RocksDB store uses. Only rocks_*.cc include this: no other code sees a type of RocksDB.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include "queue/keys.h"
#include "queue/rocks_store.h"

namespace waybill::queue::rocks {

enum class Family : uint8_t { meta, message, recipient, body, due, due_domain, ledger, spill, set_aside };
inline constexpr size_t kFamilies = 9;

inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }
/// no_space, corrupt, busy or io, with what we were doing.
[[nodiscard]] Error error_of(const rocksdb::Status& status, std::string_view doing);

/// Where a scan of the due index may begin. Entries at the queue's head are deleted all the time, and a scan
/// from the very beginning would have to step over all that is deleted and not yet compacted away. The floor
/// never passes an entry: what the committer is writing while a reader looks counts too.
class DueFloor {
 public:
  /// The committer, before a batch with due entries is written: the earliest of them; and after it.
  void writing(Time earliest);
  void written();
  struct Look {
    Time from;
    uint64_t token;
  };
  [[nodiscard]] Look look();
  /// The reader found nothing before `first`.
  void raise(const Look& look, Time first);

 private:
  std::mutex mutex_;
  Time floor_ = Time::min();
  Time in_flight_ = Time::max();
  Time since_look_ = Time::max();
  uint64_t token_ = 0;
};

class Engine {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Engine>> open(const RocksStoreOptions& options);
  ~Engine();

  [[nodiscard]] rocksdb::DB& db() const { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family which) const {
    return families_[static_cast<size_t>(which)];
  }
  /// `value` is reset and set; false when there is none.
  [[nodiscard]] Result<bool> get(Family which, std::string_view key, rocksdb::PinnableSlice& value,
                                 const rocksdb::Snapshot* snapshot = nullptr) const;
  /// Keys in [from, to); for long scans the block cache is left alone.
  struct Range {
    std::string from, to;
    rocksdb::Slice lower, upper;
    std::unique_ptr<rocksdb::Iterator> at;
  };
  [[nodiscard]] std::unique_ptr<Range> range(Family which, std::string from, std::string to,
                                             bool long_scan = false,
                                             const rocksdb::Snapshot* snapshot = nullptr) const;
  enum class Sync : uint8_t { no, yes };
  /// The one door for every write, one at a time. A write that fails may leave half a record in the log, and
  /// recovery would stop there: nothing is ever appended behind it. The next write first begins a new log,
  /// and fails when that fails. So `ok` means: a reopen shows it (after a sync, whatever happens).
  [[nodiscard]] rocksdb::Status write(rocksdb::WriteBatch& batch, Sync sync);
  DueFloor due_floor;
  /// The folder that keeps the log's files when opening met damage in them; empty: the log was whole.
  [[nodiscard]] const std::string& log_set_aside() const { return log_set_aside_; }

 private:
  Engine() = default;
  /// Moves all that is in memory to files, and begins a new log.
  [[nodiscard]] rocksdb::Status start_new_log();

  std::mutex write_mutex_;
  bool log_suspect_ = false;
  std::string log_set_aside_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace waybill::queue::rocks
