#include "queue/rocks_engine.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"

namespace waybill::queue::rocks {
namespace {

constexpr std::array<const char*, kFamilies> kNames{"default",    "message", "recipient", "body",     "due",
                                                    "due_domain", "ledger",  "spill",     "set_aside"};

constexpr size_t kProbeOctets = 1 << 20;
constexpr int kNewLogTries = 5;
constexpr int kNewLogPauseUs = 20'000;

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

/// Opens and closes the spool under paranoid checks, and says whether its log is whole: RocksDB reports
/// damage in it only under these, and the database itself can't be run with them (see db_options). What was
/// replayed is flushed to files, so that opening again has nothing left to replay.
rocksdb::Status check_log(rocksdb::DBOptions db, const std::string& path,
                          const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  if (!db.env->FileExists(path + "/CURRENT").ok()) return rocksdb::Status::OK();  // a new spool
  db.paranoid_checks = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(db, path, families, &handles, &opened);
  const std::unique_ptr<rocksdb::DB> owned(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) (void)owned->DestroyColumnFamilyHandle(handle);
  if (owned) (void)owned->Close();
  return status;
}

/// Copies the log's files into a folder of the spool that nothing reads or removes.
Result<std::string> keep_log_files(const RocksStoreOptions& options) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::string folder;
  for (int n = 1; folder.empty() || fs::exists(folder, error); ++n)
    folder = fmt::format("{}/log-set-aside-{}", options.path, n);
  fs::create_directory(folder, error);
  for (auto at = fs::directory_iterator(options.path, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().extension() != ".log") continue;
    fs::copy_file(at->path(), fs::path(folder) / at->path().filename(), error);
    if (error) break;
  }
  if (error) {
    const Errc code = error == std::errc::no_space_on_device ? Errc::no_space : Errc::io;
    return fail(code, "the spool's log is damaged, and no copy of it can be kept in {}: {}", folder,
                error.message());
  }
  return folder;
}

}  // namespace

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

// -- the due floor ------------------------------------------------------------------------------------

void DueFloor::writing(Time earliest) {
  const std::lock_guard lock(mutex_);
  in_flight_ = earliest;
  since_look_ = std::min(since_look_, earliest);
  floor_ = std::min(floor_, earliest);
}

void DueFloor::written() {
  const std::lock_guard lock(mutex_);
  in_flight_ = Time::max();
}

DueFloor::Look DueFloor::look() {
  const std::lock_guard lock(mutex_);
  // What is in flight may become visible after the reader's iterator was made.
  since_look_ = in_flight_;
  return {floor_, ++token_};
}

void DueFloor::raise(const Look& look, Time first) {
  const std::lock_guard lock(mutex_);
  if (look.token != token_) return;  // another reader began since: its own answer will raise the floor
  floor_ = std::max(floor_, std::min(first, since_look_));
}

// -- opening ------------------------------------------------------------------------------------------

Result<std::unique_ptr<Engine>> Engine::open(const RocksStoreOptions& options) {
  const auto cache = rocksdb::NewLRUCache(std::max<size_t>(options.memory_octets / 4, 4 << 20), 4);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(kFamilies);
  for (size_t i = 0; i < kFamilies; ++i) {
    descriptors.emplace_back(kNames.at(i),
                             family_options(static_cast<Family>(i), cache, options.memory_octets));
  }
  rocksdb::DBOptions db = db_options(options);
  rocksdb::Env* env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  if (auto made = env->CreateDirIfMissing(options.path); !made.ok()) {
    return std::unexpected(error_of(made, fmt::format("cannot make the spool folder {}", options.path)));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  std::unique_ptr<Engine> engine(new Engine);
  if (const auto checked = check_log(db, options.path, descriptors); checked.IsCorruption()) {
    // What lies behind the damage can't be replayed and may have been answered with 250: never drop it in
    // silence. The files are kept for whoever can read more out of them, and custody verify names the rest.
    auto kept = keep_log_files(options);
    if (!kept) return pass(kept.error());
    log::error("the spool's log is damaged; what stands before the damage is recovered",
               {{"path", options.path}, {"what", checked.ToString()}, {"kept", *kept}});
    db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    engine->log_set_aside_ = std::move(*kept);
  }
  const auto status = rocksdb::DB::Open(db, options.path, descriptors, &handles, &opened);
  if (!status.ok())
    return std::unexpected(error_of(status, fmt::format("cannot open the spool {}", options.path)));
  engine->db_.reset(opened);
  std::ranges::copy(handles, engine->families_.begin());
  return engine;
}

rocksdb::Status Engine::write(rocksdb::WriteBatch& batch, Sync sync) {
  const std::lock_guard lock(write_mutex_);
  if (log_suspect_) {
    if (auto renewed = start_new_log(); !renewed.ok()) return renewed;
    log_suspect_ = false;
  }
  rocksdb::WriteOptions options;
  options.sync = sync == Sync::yes;
  auto status = db_->Write(options, &batch);
  log_suspect_ = !status.ok();
  return status;
}

rocksdb::Status Engine::start_new_log() {
  // A flush that fails makes RocksDB give up for good: first see, without it, whether the disk works again.
  const std::string probe = db_->GetName() + "/probe";
  rocksdb::Env* env = db_->GetEnv();
  const auto works = rocksdb::WriteStringToFile(env, std::string(kProbeOctets, '\0'), probe, true);
  (void)env->DeleteFile(probe);
  if (!works.ok()) return works;
  rocksdb::Status status;
  // An error of a flush in the background, and RocksDB's own recovery from it, may be under way: a few tries.
  for (int tries = 0; tries < kNewLogTries; ++tries) {
    if (tries > 0) env->SleepForMicroseconds(kNewLogPauseUs);
    (void)db_->Resume();  // without such an error it does nothing
    rocksdb::WriteOptions options;
    options.disableWAL = true;  // a memtable that is empty would not be switched, nor its log
    status = db_->Put(options, family(Family::meta), "log", "");
    if (status.ok()) status = db_->Flush({}, {families_.begin(), families_.end()});
    if (status.ok()) break;
  }
  return status;
}

Engine::~Engine() {
  // An orderly end leaves nothing to replay: the next start reads files. If it fails, the log has it all.
  if (db_ && families_[0] != nullptr) (void)db_->Flush({}, {families_.begin(), families_.end()});
  for (rocksdb::ColumnFamilyHandle* handle : families_) {
    if (handle != nullptr) (void)db_->DestroyColumnFamilyHandle(handle);
  }
  if (db_) (void)db_->Close();
}

Result<bool> Engine::get(Family which, std::string_view key, rocksdb::PinnableSlice& value,
                         const rocksdb::Snapshot* snapshot) const {
  value.Reset();
  rocksdb::ReadOptions read;
  read.snapshot = snapshot;
  const auto status = db_->Get(read, family(which), slice(key), &value);
  if (status.IsNotFound()) return false;
  if (!status.ok())
    return std::unexpected(
        error_of(status, fmt::format("cannot read from '{}'", kNames.at(static_cast<size_t>(which)))));
  return true;
}

std::unique_ptr<Engine::Range> Engine::range(Family which, std::string from, std::string to, bool long_scan,
                                             const rocksdb::Snapshot* snapshot) const {
  auto out = std::make_unique<Range>();
  out->from = std::move(from);
  out->to = std::move(to);
  out->lower = out->from;
  out->upper = out->to;
  rocksdb::ReadOptions read;
  read.iterate_lower_bound = &out->lower;
  if (!out->to.empty()) read.iterate_upper_bound = &out->upper;
  read.fill_cache = !long_scan;
  read.snapshot = snapshot;
  out->at.reset(db_->NewIterator(read, family(which)));
  out->at->SeekToFirst();
  return out;
}

}  // namespace waybill::queue::rocks
