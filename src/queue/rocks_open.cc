#include "queue/rocks_open.h"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "queue/rocks_log.h"
#include "queue/rocks_log_file.h"
#include "queue/rocks_rebuild.h"

namespace waybill::queue::rocks {
namespace {

constexpr std::array<const char*, kFamilies> kNames{"default",    "message", "recipient", "body",     "due",
                                                    "due_domain", "ledger",  "spill",     "set_aside"};

constexpr int kFlushLookUs = 1000;

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Indexes and filters live in the cache too: memory stays bounded however large the spool grows.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.block_size = 8 * 1024;
  table.format_version = 5;
  return table;
}

rocksdb::ColumnFamilyOptions family_options(Family which, const std::shared_ptr<rocksdb::Cache>& cache,
                                            size_t memory) {
  rocksdb::ColumnFamilyOptions out;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  out.compression = rocksdb::kLZ4Compression;
  out.max_write_buffer_number = 3;
  out.write_buffer_size = std::max<size_t>(memory / 16, 1 << 20);
  out.level_compaction_dynamic_level_bytes = true;
  // Entries here live for seconds. Files full of tombstones are compacted as soon as they are seen, and
  // once a day at the latest, so that what was deleted also leaves the disk.
  out.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(4096, 2048, 0.5));
  out.periodic_compaction_seconds = 24 * 3600;
  if (which == Family::body) {
    out.write_buffer_size = std::max<size_t>(memory / 4, 4 << 20);
    // Bodies that outlive the write buffer go to files of their own, which compaction never rewrites.
    out.enable_blob_files = true;
    out.min_blob_size = 512;
    out.blob_file_size = 64ULL << 20;
    out.enable_blob_garbage_collection = true;
    out.blob_garbage_collection_age_cutoff = 0.5;
    out.blob_garbage_collection_force_threshold = 0.5;
  }
  return out;
}

/// Leaves out of the log what was refused, though its octets may have reached it.
class LeaveOut final : public rocksdb::WalFilter {
 public:
  explicit LeaveOut(Refused refused) : refused_(refused) {}
  const char* Name() const override { return "waybill.LeaveOut"; }
  WalProcessingOption LogRecordFound(unsigned long long log, const std::string& /*file*/,
                                     const rocksdb::WriteBatch& batch, rocksdb::WriteBatch* /*changed*/,
                                     bool* /*is_changed*/) override {
    return refused_.covers(sequence_of(batch.Data()), log) ? WalProcessingOption::kIgnoreCurrentRecord
                                                           : WalProcessingOption::kContinueProcessing;
  }

 private:
  Refused refused_;
};

/// Opens and closes the spool under paranoid checks, and says whether its log is whole: RocksDB reports
/// damage in it only under these, and the database itself can't be run with them (see db_options). What was
/// replayed is flushed to files, so that opening again has nothing left to replay.
rocksdb::Status check_log(rocksdb::DBOptions db, const std::string& path, const Descriptors& families) {
  db.paranoid_checks = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(db, path, families, &handles, &opened);
  const std::unique_ptr<rocksdb::DB> owned(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) (void)owned->DestroyColumnFamilyHandle(handle);
  if (owned) (void)owned->Close();
  return status;
}

/// The damage that RocksDB doesn't report: what it takes for a torn tail, with whole batches behind it. Logs
/// that are whole lose the zeros that a crash left behind them (rocks_log_file.h).
rocksdb::Status scan_log_files(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  if (auto listed = env.GetChildren(path, &names); !listed.ok()) return listed;
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".log"); });
  std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(name.size(), name); });
  uint64_t last_sequence = 0;
  for (const std::string& name : names) {
    std::string octets;
    if (auto read = rocksdb::ReadFileToString(&env, path + "/" + name, &octets); !read.ok()) return read;
    const LogScan scan = scan_log(octets, last_sequence);
    if (scan.damaged) {
      return rocksdb::Status::Corruption(
          name, fmt::format("no record at offset {}, yet whole ones behind it", scan.readable_octets));
    }
    last_sequence = scan.last_sequence;
    const uint64_t kept = without_zeros(octets, scan.readable_octets);
    if (kept == octets.size()) continue;
    if (auto cut = env.GetFileSystem()->Truncate(path + "/" + name, kept, {}, nullptr); !cut.ok()) return cut;
  }
  return rocksdb::Status::OK();
}

/// Copies the log's files into a folder of the spool that nothing reads or removes.
rocksdb::Status keep_log_files(const std::string& path, std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (int n = 1; folder.empty() || fs::exists(folder, error); ++n)
    folder = fmt::format("{}/log-set-aside-{}", path, n);
  fs::create_directory(folder, error);
  for (auto at = fs::directory_iterator(path, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().extension() != ".log") continue;
    fs::copy_file(at->path(), fs::path(folder) / at->path().filename(), error);
    if (error) break;
  }
  if (!error) return rocksdb::Status::OK();
  const std::string what = fmt::format("the spool's log is damaged, and no copy of it can be kept in {}: {}",
                                       folder, error.message());
  return error == std::errc::no_space_on_device ? rocksdb::Status::NoSpace(what)
                                                : rocksdb::Status::IOError(what);
}

}  // namespace

const char* name_of(Family family) { return kNames.at(static_cast<size_t>(family)); }

rocksdb::DBOptions db_options(const RocksStoreOptions& options) {
  rocksdb::DBOptions out;
  out.create_if_missing = true;
  out.create_missing_column_families = true;
  if (options.env != nullptr) out.env = options.env;
  // A torn tail was never answered with 250. Any other damage stops this mode: see open_database().
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Paranoid checks make the first failed write of the log final: only closing and opening helps then.
  // Without them RocksDB lets us go on, and Engine::start_new_log() makes that safe.
  out.paranoid_checks = false;
  out.max_total_wal_size = options.log_octets_max;
  out.db_write_buffer_size = options.memory_octets * 3 / 4;
  out.max_open_files = 512;
  out.max_background_jobs = 2;
  // Nearly all writes come from the one commit thread: the simpler insert is the faster one.
  out.allow_concurrent_memtable_write = false;
  out.enable_write_thread_adaptive_yield = false;
  out.bytes_per_sync = 1 << 20;
  out.max_manifest_file_size = 16ULL << 20;
  out.keep_log_file_num = 4;
  out.max_log_file_size = 4ULL << 20;
  out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.avoid_flush_during_shutdown = true;  // the WAL has it all
  out.skip_stats_update_on_db_open = true;
  return out;
}

Descriptors family_descriptors(const RocksStoreOptions& options) {
  const auto cache = rocksdb::NewLRUCache(std::max<size_t>(options.memory_octets / 4, 4 << 20), 4);
  Descriptors out;
  out.reserve(kFamilies);
  for (size_t i = 0; i < kFamilies; ++i) {
    const auto which = static_cast<Family>(i);
    out.emplace_back(name_of(which), family_options(which, cache, options.memory_octets));
  }
  return out;
}

Error error_of(const rocksdb::Status& status, std::string_view doing) {
  Errc code = Errc::io;
  if (status.IsNoSpace()) {
    code = Errc::no_space;
  } else if (status.IsCorruption()) {
    code = Errc::corrupt;
  } else if (status.IsBusy() || status.IsTryAgain() || status.ToString().find("lock") != std::string::npos) {
    code = Errc::busy;
  }
  return {code, fmt::format("{}: {}", doing, status.ToString())};
}

rocksdb::Status Database::open(const RocksStoreOptions& options, std::optional<Refused> refused, Look look,
                               std::unique_ptr<Database>& out) {
  std::unique_ptr<Database> made(new Database);
  rocksdb::DBOptions db = db_options(options);
  made->env_ = rocksdb::NewCompositeEnv(log_ahead(db.env->GetFileSystem()));
  db.env = made->env_.get();
  if (auto ended = finish_rebuild(options); !ended.ok()) return ended;
  if (auto folder = db.env->CreateDirIfMissing(options.path); !folder.ok()) return folder;
  if (!refused) refused = read_refused(*db.env, options.path);
  if (refused) {
    made->filter_ = std::make_unique<LeaveOut>(*refused);
    db.wal_filter = made->filter_.get();
  }
  // A manifest that was changed may open, and what it no longer knows would be removed: look first.
  bool suspect = look == Look::thorough || !find_manifest_damage(*db.env, options.path).empty();
  auto checked = rocksdb::Status::OK();
  if (!suspect && db.env->FileExists(options.path + "/CURRENT").ok()) {  // else it is a new spool
    checked = scan_log_files(*db.env, options.path);
    if (checked.ok()) checked = check_log(db, options.path, family_descriptors(options));
    suspect = checked.IsCorruption();
  }
  if (suspect) {
    if (const auto damage = find_damage(options); !damage.empty()) {
      const auto rebuilt = made->rebuild_from(options, refused, damage);
      // What was open goes on as well as it can; what RocksDB may refuse, or worse tidy away, stays closed.
      if (!rebuilt.ok() && look == Look::quick) return rebuilt;
      if (rebuilt.ok()) db.wal_filter = nullptr;
    } else if (checked.IsCorruption()) {
      // What the damage took, at least its block of the log, may have been answered with 250: never drop it
      // in silence. The files are kept for whoever can read more out of them, and custody verify names the
      // rest.
      if (auto kept = keep_log_files(options.path, made->files_set_aside_); !kept.ok()) return kept;
      log::error("the spool's log is damaged; what is whole is recovered",
                 {{"path", options.path}, {"what", checked.ToString()}, {"kept", made->files_set_aside_}});
      db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    }
  }
  auto status = open(options, std::move(db), std::move(made), out);
  if (status.ok()) forget_refused(*out->db().GetEnv(), options.path);  // nothing is left to replay
  return status;
}

rocksdb::Status Database::open_as_it_is(const RocksStoreOptions& options, std::unique_ptr<Database>& out) {
  std::unique_ptr<Database> made(new Database);
  rocksdb::DBOptions db = db_options(options);
  made->env_ = rocksdb::NewCompositeEnv(log_ahead(db.env->GetFileSystem()));
  db.env = made->env_.get();
  return open(options, std::move(db), std::move(made), out);
}

rocksdb::Status Database::open(const RocksStoreOptions& options, rocksdb::DBOptions db,
                               std::unique_ptr<Database> made, std::unique_ptr<Database>& out) {
  made->watch_ = std::make_shared<Watch>();
  db.listeners.push_back(made->watch_);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  auto status = rocksdb::DB::Open(db, options.path, family_descriptors(options), &handles, &opened);
  if (!status.ok()) return status;
  made->db_.reset(opened);
  std::ranges::copy(handles, made->families_.begin());
  out = std::move(made);
  return status;
}

rocksdb::Status Database::rebuild_from(const RocksStoreOptions& options, std::optional<Refused> refused,
                                       const std::vector<std::string>& damage) {
  for (const std::string& what : damage)
    log::error("the spool is damaged", {{"path", options.path}, {"what", what}});
  log::warning("making the spool anew from what can be read", {{"path", options.path}});
  const auto status = rebuild(options, refused, files_set_aside_);
  if (!status.ok()) {
    const std::string what = fmt::format(
        "the spool is damaged ({}) and can't be made anew: {}. Nothing was changed: free some room, "
        "or see to the disk, and start again",
        damage.front(), status.ToString());
    log::error("the damaged spool is left as it is", {{"path", options.path}, {"why", status.ToString()}});
    // Whoever asks must not take the spool's damage for that of one record.
    return status.IsNoSpace() ? rocksdb::Status::NoSpace(what) : rocksdb::Status::IOError(what);
  }
  log::error("the spool was made anew from what could be read; the damaged one is kept",
             {{"path", options.path}, {"kept", files_set_aside_}});
  return status;
}

Database::~Database() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* handle : families_) (void)db_->DestroyColumnFamilyHandle(handle);
  (void)db_->Close();
}

rocksdb::Status Database::flush() const {
  // One after the other: when the first one fails, the next must not be tried.
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    if (auto flushed = flush(family); !flushed.ok()) return flushed;
  }
  return rocksdb::Status::OK();
}

// Without paranoid checks RocksDB takes a flush that fails for no error, doesn't try it again and waits for
// it for ever: so we wait ourselves.
rocksdb::Status Database::flush(rocksdb::ColumnFamilyHandle* family) const {
  if (auto failed = failure(); !failed.ok()) return failed;
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  if (auto begun = db_->Flush(options, family); !begun.ok()) return begun;
  uint64_t left = 0;
  while (db_->GetIntProperty(family, rocksdb::DB::Properties::kNumImmutableMemTable, &left) && left > 0) {
    if (auto failed = failure(); !failed.ok()) return failed;
    db_->GetEnv()->SleepForMicroseconds(kFlushLookUs);
  }
  return rocksdb::Status::OK();
}

// -- background errors ----------------------------------------------------------------------------------

void Watch::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) {
  if (status->ok()) return;
  // A compaction only tidies: what it can't write stays as it is. Its manifest has its own reason. But what
  // it can't read for damage would stop it for good, and in the end all writing.
  if (reason == rocksdb::BackgroundErrorReason::kCompaction) {
    if (status->IsCorruption()) damage_met_.store(true, std::memory_order_release);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = *status;
    failed_.store(true, std::memory_order_release);
  }
  // Without paranoid checks RocksDB thinks nothing of a flush that fails and goes on to the next family's.
  // That one syncs the same log, whose writer remembers the error, and an assertion ends the process; or a
  // write waits for ever for room that no flush will make. Fatal stops all of that until the database is
  // opened again.
  *status = rocksdb::Status(*status, rocksdb::Status::Severity::kFatalError);
}

// RocksDB decided on a recovery by what the error was before we made it fatal; it would never begin, and
// closing would wait for its end.
void Watch::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*status*/,
                                 bool* auto_recovery) {
  *auto_recovery = false;
}

rocksdb::Status Watch::failure() const {
  if (!failed_.load(std::memory_order_acquire)) return rocksdb::Status::OK();
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace waybill::queue::rocks
