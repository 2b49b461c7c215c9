// rocks_damage.cc: looking for damage in the spool's files while it is not open.
#include <rocksdb/env.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <set>

#include "queue/codec.h"
#include "queue/rocks_blob.h"
#include "queue/rocks_log.h"
#include "queue/rocks_rebuild.h"

namespace waybill::queue::rocks {
namespace {

rocksdb::Env& env_of(const RocksStoreOptions& options) {
  return options.env != nullptr ? *options.env : *rocksdb::Env::Default();
}

/// Whether there was a spool here before: a first start that was cut short leaves no more than empty logs.
bool holds_data(rocksdb::Env& env, const std::string& path, const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [&](const std::string& name) {
    if (name.ends_with(".sst") || name.ends_with(".blob")) return true;
    uint64_t octets = 0;
    return name.ends_with(".log") && env.GetFileSize(path + "/" + name, &octets).ok() && octets > 0;
  });
}

/// The tables and blob files that the manifest knows. An error: it can't be read.
rocksdb::Status live_files(const RocksStoreOptions& options, std::set<std::string>& out) {
  rocksdb::DBOptions db = db_options(options);
  db.create_if_missing = false;
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;  // the log is not the question
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  auto status = rocksdb::DB::OpenForReadOnly(db, options.path, family_descriptors(options), &handles, &raw);
  const std::unique_ptr<rocksdb::DB> opened(raw);
  if (!status.ok()) return status;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    rocksdb::ColumnFamilyMetaData about;
    opened->GetColumnFamilyMetaData(handle, &about);
    for (const auto& level : about.levels) {
      for (const auto& file : level.files) out.insert(file.relative_filename);
    }
    for (const auto& file : about.blob_files)
      out.insert(file.blob_file_name.substr(file.blob_file_name.rfind('/') + 1));
    (void)opened->DestroyColumnFamilyHandle(handle);
  }
  return status;
}

std::string damage_of_table(const RocksStoreOptions& options, const std::string& file) {
  rocksdb::Options reading;
  reading.env = &env_of(options);
  rocksdb::SstFileReader reader(reading);
  auto status = reader.Open(file);
  if (status.ok()) status = reader.VerifyChecksum();
  return status.ok() ? "" : status.ToString();
}

std::string damage_of_blobs(const RocksStoreOptions& options, const std::string& file) {
  std::string octets;
  if (auto read = rocksdb::ReadFileToString(&env_of(options), file, &octets); !read.ok())
    return read.ToString();
  uint64_t bad = 0;
  const BlobScan scan = for_each_blob(octets, [&bad](std::string_view key, std::string_view value) {
    bad += decode_body(key, value) ? 0 : 1;
  });
  if (!scan.damaged && bad == 0) return "";
  return fmt::format("not all of it are whole bodies; {} are", scan.records - bad);
}

/// What CURRENT names; "MANIFEST" when it names nothing.
std::string manifest_of(const RocksStoreOptions& options) {
  std::string current;
  if (!rocksdb::ReadFileToString(&env_of(options), options.path + "/CURRENT", &current).ok() ||
      !current.starts_with("MANIFEST-") || !current.ends_with('\n'))
    return "MANIFEST";
  current.pop_back();
  return current;
}

}  // namespace

std::string find_manifest_damage(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  if (!env.GetChildren(path, &names).ok()) return "";
  std::string current;
  const bool is_there = rocksdb::ReadFileToString(&env, path + "/CURRENT", &current).ok();
  if (!is_there) return holds_data(env, path, names) ? "CURRENT: it is missing" : "";
  if (!current.ends_with('\n') || !current.starts_with("MANIFEST-"))
    return "CURRENT: it does not name a manifest";
  current.pop_back();
  std::string manifest;
  if (!rocksdb::ReadFileToString(&env, path + "/" + current, &manifest).ok())
    return fmt::format("CURRENT: '{}', which it names, can't be read", printable(current, 80));
  return manifest_is_damaged(manifest) ? current + ": records in it are changed" : "";
}

std::vector<std::string> find_damage(const RocksStoreOptions& options) {
  std::vector<std::string> out;
  if (auto manifest = find_manifest_damage(env_of(options), options.path); !manifest.empty())
    out.push_back(std::move(manifest));
  std::set<std::string> live;
  if (const auto status = live_files(options, live); out.empty() && !status.ok())
    out.push_back(fmt::format("{}: {}", manifest_of(options), status.ToString()));
  for (const std::string& name : live) {
    const std::string file = options.path + "/" + name;
    std::string what;
    if (name.ends_with(".sst")) what = damage_of_table(options, file);
    if (name.ends_with(".blob")) what = damage_of_blobs(options, file);
    if (!what.empty()) out.push_back(fmt::format("{}: {}", name, what));
  }
  return out;
}

}  // namespace waybill::queue::rocks
