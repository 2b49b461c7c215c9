// rocks_engine.h: the open database and the few helpers that every part of the RocksDB store uses: reading,
// the one door for writes, and opening the database again when RocksDB gave it up.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "queue/keys.h"
#include "queue/rocks_gate.h"
#include "queue/rocks_open.h"

namespace waybill::queue::rocks {

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
  /// The next look begins at the beginning again.
  void reset();

 private:
  std::mutex mutex_;
  Time floor_ = Time::min();
  Time in_flight_ = Time::max();
  Time since_look_ = Time::max();
  uint64_t token_ = 0;
};

/// Thread rule: every method is thread-safe. Failure modes: a write that fails leaves what was answered
/// before it; when RocksDB won't write any more though the disk does, the next write closes the database and
/// opens it again, and readers wait that long. If that fails too, nothing can be read until a later write
/// succeeds.
class Engine {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Engine>> open(const RocksStoreOptions& options);
  ~Engine();
  /// Called, by whatever thread reads, each time that reading meets damaged files: somebody has to
  /// enter_to_write(), which then has the spool made anew. Set before others use the engine.
  std::function<void()> on_damage;

  /// The database, which stays while this lives. Empty when it could not be opened again. Kept by the thread
  /// that took it, for as long as one read or the making of one batch takes: it holds up a reopening.
  class Inside {
   public:
    Inside() = default;
    explicit operator bool() const { return database_ != nullptr; }
    [[nodiscard]] rocksdb::DB& db() const { return database_->db(); }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family which) const { return database_->family(which); }

   private:
    friend class Engine;
    Gate::Pass pass_;
    const Database* database_ = nullptr;
  };
  [[nodiscard]] Inside enter() const;
  /// The same for who is going to write: when there is no database, or reading has met damage, opens it
  /// again. REQUIRES: this thread is not inside.
  [[nodiscard]] Result<Inside> enter_to_write();
  /// Whether a long scan may go on: not while a reopening waits for those inside (busy), nor once the scans
  /// were told to end (closed).
  [[nodiscard]] Status may_scan() const;
  void end_scans() { scans_end_.store(true, std::memory_order_relaxed); }

  /// `value` is set; false when there is none.
  [[nodiscard]] Result<bool> get(Family which, std::string_view key, std::string& value,
                                 const rocksdb::Snapshot* snapshot = nullptr) const;
  /// Keys in [from, to); for long scans the block cache is left alone. It is inside while it lives.
  struct Range {
    explicit Range(const Engine& read) : engine(read) {}
    ~Range() { engine.note(at->status()); }
    Range(const Range&) = delete;
    Range& operator=(const Range&) = delete;
    const Engine& engine;
    Inside inside;
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
  /// `built_at`: what reopened() was when the batch was made; when it isn't any more, nothing is written
  /// (TryAgain). REQUIRES: this thread is not inside.
  [[nodiscard]] rocksdb::Status write(rocksdb::WriteBatch& batch, Sync sync,
                                      std::optional<uint64_t> built_at = std::nullopt);
  /// Makes all that was written before durable. REQUIRES: this thread is not inside.
  [[nodiscard]] rocksdb::Status sync();
  /// How often the database was opened again. What was written without a sync may be gone each time.
  [[nodiscard]] uint64_t reopened() const { return reopened_.load(std::memory_order_acquire); }
  /// See Database; of the last opening that met damage.
  [[nodiscard]] std::string files_set_aside() const;

  DueFloor due_floor;

 private:
  explicit Engine(const RocksStoreOptions& options) : options_(options) {}
  /// Each rebuilding keeps the spool as it was: a disk that is dying must not fill itself with copies.
  static constexpr int kLooksMax = 3;
  [[nodiscard]] rocksdb::Env& env() const;
  /// Whether the disk works, seen without RocksDB.
  [[nodiscard]] rocksdb::Status probe() const;
  /// After an error, makes the log and RocksDB fit for the next write.
  [[nodiscard]] rocksdb::Status make_ready();
  /// Moves all that is in memory to files, and begins a new log; opens the database again if it must.
  [[nodiscard]] rocksdb::Status start_new_log();
  [[nodiscard]] rocksdb::Status reopen(const rocksdb::Status& why);
  /// What a read came to: damage is remembered.
  void note(const rocksdb::Status& status) const;

  const RocksStoreOptions& options_;
  mutable Gate gate_;
  std::unique_ptr<Database> database_;  ///< changes under write_mutex_ with the gate closed
  std::atomic<uint64_t> reopened_{0};
  std::atomic<bool> scans_end_{false};
  mutable std::atomic<bool> damage_met_{false};
  std::atomic<int> looks_left_{kLooksMax};

  std::mutex write_mutex_;  // and what it guards:
  bool log_suspect_ = false;
  uint64_t last_good_ = 0;  ///< sequence number of the last write that was answered as good
  mutable std::mutex files_set_aside_mutex_;
  std::string files_set_aside_;
};

}  // namespace waybill::queue::rocks
