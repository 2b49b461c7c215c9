// rocks_open.h: opening the spool's database: its families, its options, and what is done about a damaged
// log. Only rocks_*.cc include this: no other code sees a type of RocksDB.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/wal_filter.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue/rocks_refused.h"
#include "queue/rocks_store.h"

namespace waybill::queue::rocks {

enum class Family : uint8_t { meta, message, recipient, body, due, due_domain, ledger, spill, set_aside };
inline constexpr size_t kFamilies = 9;
[[nodiscard]] const char* name_of(Family family);

inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }
/// no_space, corrupt, busy or io, with what we were doing.
[[nodiscard]] Error error_of(const rocksdb::Status& status, std::string_view doing);

using Descriptors = std::vector<rocksdb::ColumnFamilyDescriptor>;
[[nodiscard]] Descriptors family_descriptors(const RocksStoreOptions& options);
[[nodiscard]] rocksdb::DBOptions db_options(const RocksStoreOptions& options);

/// Hears of errors that RocksDB's background work meets: without paranoid checks it keeps some to itself. One
/// that concerns writing ends all of RocksDB's writing, also in the background.
class Watch final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status status,
                            bool* auto_recovery) override;
  /// The first one that concerns writing; ok: none.
  [[nodiscard]] rocksdb::Status failure() const;
  /// A compaction could not read what it was to tidy.
  [[nodiscard]] bool damage_met() const { return damage_met_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> damage_met_{false};
  std::atomic<bool> failed_{false};  // so that asking, before each write, takes no lock
  mutable std::mutex mutex_;
  rocksdb::Status failure_;
};

/// An open database with its families' handles; closes them in order.
class Database {
 public:
  enum class Look : uint8_t {
    quick,    ///< at the log and the manifest; at all files when opening meets damage
    thorough  ///< at all files first: reading has met damage
  };
  /// Opens the spool, or makes it; when files are damaged, makes it anew from what can be read. `refused` is
  /// left out; none: what the spool's own note says. On an error nothing is open, and `out` is as it was.
  [[nodiscard]] static rocksdb::Status open(const RocksStoreOptions& options, std::optional<Refused> refused,
                                            Look look, std::unique_ptr<Database>& out);
  /// The same for a folder in which nothing is known to be wrong.
  [[nodiscard]] static rocksdb::Status open_as_it_is(const RocksStoreOptions& options,
                                                     std::unique_ptr<Database>& out);
  /// Waits for what RocksDB does in the background. Writes nothing: what is in memory is in the log.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] rocksdb::DB& db() const { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family which) const {
    return families_[static_cast<size_t>(which)];
  }
  /// Moves all that is in memory to files. After an error the database has failed.
  [[nodiscard]] rocksdb::Status flush() const;
  /// What RocksDB's own writing met in the background, or ok. Then only closing and opening helps.
  [[nodiscard]] rocksdb::Status failure() const { return watch_->failure(); }
  [[nodiscard]] bool damage_met() const { return watch_->damage_met(); }
  /// The folder that keeps the files as they were when opening met damage in them; empty: they were whole.
  [[nodiscard]] const std::string& files_set_aside() const { return files_set_aside_; }

 private:
  Database() = default;
  [[nodiscard]] static rocksdb::Status open(const RocksStoreOptions& options, rocksdb::DBOptions db,
                                            std::unique_ptr<Database> made, std::unique_ptr<Database>& out);
  [[nodiscard]] rocksdb::Status flush(rocksdb::ColumnFamilyHandle* family) const;
  [[nodiscard]] rocksdb::Status rebuild_from(const RocksStoreOptions& options, std::optional<Refused> refused,
                                             const std::vector<std::string>& damage);
  std::string files_set_aside_;
  std::shared_ptr<Watch> watch_;
  std::unique_ptr<rocksdb::Env> env_;  // the database keeps pointers to these two
  std::unique_ptr<rocksdb::WalFilter> filter_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
};

}  // namespace waybill::queue::rocks
