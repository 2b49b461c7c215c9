#include "queue/rocks_rebuild.h"

#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "queue/codec.h"
#include "queue/keys.h"
#include "queue/rocks_blob.h"
#include "queue/rocks_log.h"
#include "queue/rocks_reconcile.h"

namespace waybill::queue::rocks {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBatchOctetsMax = 4ULL << 20;
/// Written when all is there: from then on the new folder is the spool.
constexpr const char* kDone = "/REBUILT";

bool is_copied(Family family) {
  return family == Family::message || family == Family::recipient || family == Family::ledger ||
         family == Family::set_aside;
}

std::optional<Family> family_named(std::string_view name) {
  for (size_t i = 0; i < kFamilies; ++i) {
    if (name == name_of(static_cast<Family>(i))) return static_cast<Family>(i);
  }
  return std::nullopt;
}

/// What the log says, on top of the tables. Every batch that is still there comes again, in its order, so the
/// last one to touch a key wins, as it did. Indexes and counters are made anew later. SingleDelete would undo
/// only one of two equal puts.
class Replay final : public rocksdb::WriteBatch::Handler {
 public:
  explicit Replay(const Database& into) : into_(into) {}
  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    return concerns(family) ? batch_.Put(handle(family), key, value) : rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override {
    return concerns(family) ? batch_.Delete(handle(family), key) : rocksdb::Status::OK();
  }
  rocksdb::Status SingleDeleteCF(uint32_t family, const rocksdb::Slice& key) override {
    return DeleteCF(family, key);
  }
  rocksdb::Status DeleteRangeCF(uint32_t family, const rocksdb::Slice& from,
                                const rocksdb::Slice& to) override {
    return concerns(family) ? batch_.DeleteRange(handle(family), from, to) : rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice&) override {}
  rocksdb::WriteBatch& batch() { return batch_; }

 private:
  // Families have the numbers in which opening makes them.
  static bool concerns(uint32_t family) {
    return family < kFamilies &&
           (is_copied(static_cast<Family>(family)) || static_cast<Family>(family) == Family::body);
  }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(uint32_t family) const {
    return into_.family(static_cast<Family>(family));
  }
  const Database& into_;
  rocksdb::WriteBatch batch_;
};

/// The smallest key in whose place reading works again, searched in growing steps; `at` is where it failed.
/// False: nowhere before the end.
bool pass_damage(rocksdb::Iterator& at, std::string& from) {
  constexpr size_t kDigits = 20;  // the longest of our keys of fixed size
  const auto plus = [](std::string key, int bit) {
    for (int place = static_cast<int>(key.size()) - 1 - bit / 8, carry = 1 << (bit % 8); place >= 0 && carry;
         --place) {
      const int sum = static_cast<uint8_t>(key[static_cast<size_t>(place)]) + carry;
      key[static_cast<size_t>(place)] = static_cast<char>(sum & 0xff);
      carry = sum >> 8;
    }
    return key;
  };
  from.resize(kDigits, '\0');
  int bit = 0;
  std::string good;
  for (; bit < static_cast<int>(kDigits) * 8; ++bit) {
    good = plus(from, bit);
    if (good < from) return false;  // past the greatest key
    at.Seek(good);
    if (at.status().ok()) break;
  }
  if (bit == static_cast<int>(kDigits) * 8) return false;
  // Back by halves: from + 2^bit works, from + 2^(bit-1) does not.
  std::string bad = from;
  while (--bit >= 0) {
    const std::string middle = plus(bad, bit);
    at.Seek(middle);
    if (at.status().ok()) {
      good = middle;
    } else {
      bad = middle;
    }
  }
  at.Seek(good);
  from = good;
  return at.status().ok();
}

class Rebuild {
 public:
  Rebuild(const RocksStoreOptions& options, std::optional<Refused> refused)
      : options_(options),
        refused_(refused),
        new_path_(options.path + "-rebuild"),
        work_path_(options.path + "-rebuild.tables") {}
  rocksdb::Status run(std::string& set_aside);

 private:
  struct Table {
    std::string file;
    Family family;
  };
  [[nodiscard]] rocksdb::Env& env() const {
    return options_.env != nullptr ? *options_.env : *rocksdb::Env::Default();
  }
  [[nodiscard]] std::vector<std::string> files_of(std::string_view ending) const;
  [[nodiscard]] rocksdb::Options reading() const {
    rocksdb::Options out;
    out.env = &env();
    return out;
  }
  rocksdb::Status write();
  rocksdb::Status sort_tables();
  rocksdb::Status copy_tables();
  rocksdb::Status copy_family(rocksdb::DB& from, rocksdb::ColumnFamilyHandle* handle, Family family);
  rocksdb::Status salvage(const Table& table);
  rocksdb::Status replay_logs();
  rocksdb::Status copy_blobs();
  rocksdb::Status copy_small_bodies();
  rocksdb::Status find_body(rocksdb::Iterator& table, MessageId id, uint32_t chunks);
  rocksdb::Status change_places(std::string& set_aside);
  /// Writes what has gathered, when it is much or `now`.
  rocksdb::Status pour(bool now = false);
  [[nodiscard]] bool has(Family family, const rocksdb::Slice& key) const {
    std::string value;
    return new_->db().Get({}, new_->family(family), key, &value).ok();
  }

  const RocksStoreOptions& options_;
  std::optional<Refused> refused_;
  const std::string new_path_, work_path_;
  std::unique_ptr<Database> new_;
  rocksdb::WriteBatch batch_;
  std::vector<Table> damaged_, bodies_;
  bool has_tables_ = false;
};

std::vector<std::string> Rebuild::files_of(std::string_view ending) const {
  std::vector<std::string> names;
  (void)env().GetChildren(options_.path, &names);
  std::erase_if(names, [ending](const std::string& name) { return !name.ends_with(ending); });
  std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(name.size(), name); });
  for (std::string& name : names) name.insert(0, options_.path + "/");
  return names;
}

rocksdb::Status Rebuild::pour(bool now) {
  if (batch_.Count() == 0 || (!now && batch_.GetDataSize() < kBatchOctetsMax)) return rocksdb::Status::OK();
  rocksdb::WriteOptions unlogged;  // all of it is flushed before it counts
  unlogged.disableWAL = true;
  auto status = new_->db().Write(unlogged, &batch_);
  batch_.Clear();
  return status;
}

rocksdb::Status Rebuild::sort_tables() {
  for (const std::string& file : files_of(".sst")) {
    rocksdb::SstFileReader reader(reading());
    if (!reader.Open(file).ok()) continue;  // nothing in it can be read
    const auto family = family_named(reader.GetTableProperties()->column_family_name);
    if (!family || (!is_copied(*family) && *family != Family::body)) continue;
    if (*family == Family::body) {
      bodies_.push_back({file, *family});
    } else if (!reader.VerifyChecksum().ok()) {
      damaged_.push_back({file, *family});
    } else {
      // Reading follows no order of files, but that of sequence numbers: what is of use no more does no harm.
      std::error_code error;
      fs::create_hard_link(file, work_path_ + file.substr(file.rfind('/')), error);
      if (error) return rocksdb::Status::IOError("cannot link " + file, error.message());
      has_tables_ = true;
    }
  }
  return rocksdb::Status::OK();
}

// RocksDB's own repair makes a manifest for whole tables alone: no log, no bodies (it knows nothing of blob
// files). Read by iterators, which heed sequence numbers, never by key, which would heed the order of files.
rocksdb::Status Rebuild::copy_tables() {
  if (!has_tables_) return rocksdb::Status::OK();
  rocksdb::DBOptions db = db_options(options_);
  auto families = family_descriptors(options_);
  for (auto& family : families) family.options.disable_auto_compactions = true;  // it is read once
  if (auto repaired = rocksdb::RepairDB(work_path_, db, families); !repaired.ok()) return repaired;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  if (auto opened = rocksdb::DB::Open(db, work_path_, families, &handles, &raw); !opened.ok()) return opened;
  const std::unique_ptr<rocksdb::DB> work(raw);
  auto status = rocksdb::Status::OK();
  for (size_t i = 0; i < kFamilies; ++i) {
    const auto family = static_cast<Family>(i);
    if (status.ok() && is_copied(family)) status = copy_family(*work, handles.at(i), family);
  }
  for (rocksdb::ColumnFamilyHandle* handle : handles) (void)work->DestroyColumnFamilyHandle(handle);
  (void)work->Close();
  return status;
}

rocksdb::Status Rebuild::copy_family(rocksdb::DB& from, rocksdb::ColumnFamilyHandle* handle, Family family) {
  const std::unique_ptr<rocksdb::Iterator> at(from.NewIterator({}, handle));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    (void)batch_.Put(new_->family(family), at->key(), at->value());
    if (auto poured = pour(); !poured.ok()) return poured;
  }
  if (!at->status().ok()) return at->status();
  return pour(true);
}

// What a damaged table still says, where no whole one says anything: it may be out of date, and then the
// ledger knows (see reconcile()).
rocksdb::Status Rebuild::salvage(const Table& table) {
  rocksdb::SstFileReader reader(reading());
  if (!reader.Open(table.file).ok()) return rocksdb::Status::OK();
  const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator({}));
  std::string last;
  at->SeekToFirst();
  while (true) {
    for (; at->Valid(); at->Next()) {
      last = at->key().ToString();
      if (!has(table.family, at->key())) (void)batch_.Put(new_->family(table.family), at->key(), at->value());
      if (auto poured = pour(); !poured.ok()) return poured;
    }
    if (at->status().ok() || !pass_damage(*at, last)) break;
  }
  return pour(true);
}

rocksdb::Status Rebuild::replay_logs() {
  for (const std::string& file : files_of(".log")) {
    std::string octets;
    if (auto read = rocksdb::ReadFileToString(&env(), file, &octets); !read.ok()) return read;
    const uint64_t log = log_number(file);
    auto status = rocksdb::Status::OK();
    for_each_batch(octets, [&](const std::string& record) {
      if (!status.ok() || record.size() < 12) return;
      if (refused_ && refused_->covers(sequence_of(record), log)) return;
      Replay replay(*new_);
      // A record with the right checksum that is no batch was never one of ours.
      if (!rocksdb::WriteBatch(record).Iterate(&replay).ok()) return;
      rocksdb::WriteOptions unlogged;
      unlogged.disableWAL = true;
      status = new_->db().Write(unlogged, &replay.batch());
    });
    if (!status.ok()) return status;
  }
  return rocksdb::Status::OK();
}

rocksdb::Status Rebuild::copy_blobs() {
  for (const std::string& file : files_of(".blob")) {
    std::string octets;
    if (auto read = rocksdb::ReadFileToString(&env(), file, &octets); !read.ok()) continue;
    auto status = rocksdb::Status::OK();
    for_each_blob(octets, [&](std::string_view key, std::string_view value) {
      // A chunk is written once: whichever copy is whole is the right one.
      if (!status.ok() || key.size() < 8 || !decode_body(key, value)) return;
      if (!has(Family::message, slice(key.substr(0, 8))) || has(Family::body, slice(key))) return;
      (void)batch_.Put(new_->family(Family::body), slice(key), slice(value));
      status = pour(true);
    });
    if (!status.ok()) return status;
  }
  return rocksdb::Status::OK();
}

// Small bodies stand in the tables themselves.
rocksdb::Status Rebuild::copy_small_bodies() {
  std::vector<std::unique_ptr<rocksdb::SstFileReader>> readers;
  std::vector<std::unique_ptr<rocksdb::Iterator>> tables;
  for (const Table& table : bodies_) {
    readers.push_back(std::make_unique<rocksdb::SstFileReader>(reading()));
    if (readers.back()->Open(table.file).ok()) tables.emplace_back(readers.back()->NewIterator({}));
  }
  const std::unique_ptr<rocksdb::Iterator> messages(
      new_->db().NewIterator({}, new_->family(Family::message)));
  for (messages->SeekToFirst(); messages->Valid(); messages->Next()) {
    const auto record = decode_message(view(messages->key()), view(messages->value()));
    if (!record) continue;
    for (const auto& table : tables) {
      if (auto found = find_body(*table, record->id, record->chunk_count); !found.ok()) return found;
    }
  }
  return messages->status();
}

rocksdb::Status Rebuild::find_body(rocksdb::Iterator& table, MessageId id, uint32_t chunks) {
  for (uint32_t n = 0; n < chunks; ++n) {
    const auto key = body_key(id, n);
    if (has(Family::body, slice(key.view()))) continue;
    table.Seek(slice(key.view()));
    // Where a blob is pointed at, or the block is damaged, there is an error instead.
    if (!table.Valid() || view(table.key()) != key.view()) continue;
    (void)batch_.Put(new_->family(Family::body), table.key(), table.value());
    if (auto poured = pour(true); !poured.ok()) return poured;
  }
  return rocksdb::Status::OK();
}

rocksdb::Status Rebuild::write() {
  RocksStoreOptions options = options_;
  options.path = new_path_;
  using Step = rocksdb::Status (Rebuild::*)();
  auto status = Database::open_as_it_is(options, new_);
  for (const Step step : {&Rebuild::sort_tables, &Rebuild::copy_tables}) {
    if (status.ok()) status = (this->*step)();
  }
  for (const Table& table : damaged_) {
    if (status.ok()) status = salvage(table);
  }
  for (const Step step : {&Rebuild::replay_logs, &Rebuild::copy_blobs, &Rebuild::copy_small_bodies}) {
    if (status.ok()) status = (this->*step)();
  }
  if (status.ok()) status = reconcile(*new_, options_.clock->now());
  if (status.ok()) status = new_->flush();
  // A key that was put twice must be there once: SingleDelete ends it later.
  rocksdb::CompactRangeOptions whole;
  whole.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (size_t i = 0; i < kFamilies && status.ok(); ++i)
    status = new_->db().CompactRange(whole, new_->family(static_cast<Family>(i)), nullptr, nullptr);
  new_.reset();
  return status;
}

rocksdb::Status Rebuild::change_places(std::string& set_aside) {
  std::error_code error;
  for (int n = 1; set_aside.empty() || fs::exists(set_aside, error); ++n)
    set_aside = fmt::format("{}-set-aside-{}", options_.path, n);
  auto status = rocksdb::WriteStringToFile(&env(), "from " + set_aside + "\n", new_path_ + kDone, true);
  if (status.ok()) status = sync_folder(env(), new_path_);
  if (!status.ok()) return status;
  fs::rename(options_.path, set_aside, error);
  if (!error) fs::rename(new_path_, options_.path, error);
  if (error) return rocksdb::Status::IOError("cannot set " + options_.path + " aside", error.message());
  return sync_folder(env(), fs::path(options_.path).parent_path().string());
}

rocksdb::Status Rebuild::run(std::string& set_aside) {
  std::error_code error;
  fs::remove_all(new_path_, error);
  fs::remove_all(work_path_, error);
  fs::create_directory(work_path_, error);
  auto status = error ? rocksdb::Status::IOError("cannot make " + work_path_, error.message()) : write();
  if (status.ok()) status = change_places(set_aside);
  fs::remove_all(work_path_, error);
  if (!status.ok()) fs::remove_all(new_path_, error);
  return status;
}

}  // namespace

rocksdb::Status rebuild(const RocksStoreOptions& options, std::optional<Refused> refused,
                        std::string& set_aside) {
  return Rebuild(options, refused).run(set_aside);
}

rocksdb::Status finish_rebuild(const RocksStoreOptions& options) {
  const std::string made = options.path + "-rebuild";
  std::error_code error;
  if (!fs::exists(made, error)) return rocksdb::Status::OK();
  if (!fs::exists(options.path, error) && fs::exists(made + kDone, error)) {
    fs::rename(made, options.path, error);
  } else {
    fs::remove_all(made, error);
    fs::remove_all(made + ".tables", error);
  }
  return error ? rocksdb::Status::IOError("cannot finish " + made, error.message()) : rocksdb::Status::OK();
}

}  // namespace waybill::queue::rocks
