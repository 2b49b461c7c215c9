#include "queue/rocks_engine.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <cassert>

#include "base/log.h"

namespace waybill::queue::rocks {
namespace {

constexpr size_t kProbeOctets = 1 << 20;
/// How long a reopening waits for readers; then the write fails, and the next one tries again.
constexpr std::chrono::milliseconds kReadersWaitMax{2000};

uint64_t log_octets(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  if (!env.GetChildren(path, &names).ok()) return 0;
  uint64_t total = 0;
  for (const std::string& name : names) {
    uint64_t octets = 0;
    if (name.ends_with(".log") && env.GetFileSize(path + "/" + name, &octets).ok()) total += octets;
  }
  return total;
}

rocksdb::Status not_open() {
  return rocksdb::Status::IOError("the spool's database could not be opened again");
}

}  // namespace

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

void DueFloor::reset() {
  const std::lock_guard lock(mutex_);
  floor_ = Time::min();
  ++token_;  // a look before this raises nothing
}

// -- opening and reading --------------------------------------------------------------------------------

Result<std::unique_ptr<Engine>> Engine::open(const RocksStoreOptions& options) {
  std::unique_ptr<Engine> engine(new Engine(options));
  const auto status = Database::open(options, std::nullopt, Database::Look::quick, engine->database_);
  if (!status.ok())
    return std::unexpected(error_of(status, fmt::format("cannot open the spool {}", options.path)));
  engine->last_good_ = engine->database_->db().GetLatestSequenceNumber();
  engine->files_set_aside_ = engine->database_->files_set_aside();
  return engine;
}

// An orderly end leaves nothing to replay: the next start reads files. If it fails, the log has it all.
Engine::~Engine() {
  if (database_) (void)database_->flush();
}

rocksdb::Env& Engine::env() const {
  return options_.env != nullptr ? *options_.env : *rocksdb::Env::Default();
}

Status Engine::may_scan() const {
  if (scans_end_.load(std::memory_order_relaxed)) return fail(Errc::closed, "the spool is being closed");
  if (gate_.closing()) return fail(Errc::busy, "the spool is being opened again after an error");
  return {};
}

Engine::Inside Engine::enter() const {
  Inside out;
  out.pass_ = gate_.enter();
  out.database_ = database_.get();
  return out;
}

std::string Engine::files_set_aside() const {
  const std::lock_guard lock(files_set_aside_mutex_);
  return files_set_aside_;
}

Result<bool> Engine::get(Family which, std::string_view key, std::string& value,
                         const rocksdb::Snapshot* snapshot) const {
  value.clear();
  rocksdb::ReadOptions read;
  read.snapshot = snapshot;
  const Inside inside = enter();
  // Copied, not pinned: a value may outlive the database that it came from.
  const auto status = inside ? inside.db().Get(read, inside.family(which), slice(key), &value) : not_open();
  if (status.IsNotFound()) return false;
  note(status);
  if (!status.ok())
    return std::unexpected(error_of(status, fmt::format("cannot read from '{}'", name_of(which))));
  return true;
}

std::unique_ptr<Engine::Range> Engine::range(Family which, std::string from, std::string to, bool long_scan,
                                             const rocksdb::Snapshot* snapshot) const {
  auto out = std::make_unique<Range>(*this);
  out->from = std::move(from);
  out->to = std::move(to);
  out->lower = out->from;
  out->upper = out->to;
  rocksdb::ReadOptions read;
  read.iterate_lower_bound = &out->lower;
  if (!out->to.empty()) read.iterate_upper_bound = &out->upper;
  read.fill_cache = !long_scan;
  read.snapshot = snapshot;
  out->inside = enter();
  out->at.reset(out->inside ? out->inside.db().NewIterator(read, out->inside.family(which))
                            : rocksdb::NewErrorIterator(not_open()));
  out->at->SeekToFirst();
  return out;
}

// -- writing --------------------------------------------------------------------------------------------

rocksdb::Status Engine::make_ready() {
  if (database_ && database_->damage_met() && looks_left_ > 0) damage_met_ = true;
  if (!log_suspect_ && !damage_met_ && database_->failure().ok()) return rocksdb::Status::OK();
  log_suspect_ = true;
  auto status = start_new_log();
  log_suspect_ = !status.ok();
  return status;
}

rocksdb::Status Engine::write(rocksdb::WriteBatch& batch, Sync sync, std::optional<uint64_t> built_at) {
  assert(Gate::held_here() == 0);  // or a reopening would wait for ourselves
  const std::lock_guard lock(write_mutex_);
  if (auto ready = make_ready(); !ready.ok()) return ready;
  if (built_at && *built_at != reopened())
    return rocksdb::Status::TryAgain("the spool was opened again meanwhile");
  rocksdb::WriteOptions options;
  options.sync = sync == Sync::yes;
  auto status = database_->db().Write(options, &batch);
  if (status.ok()) {
    last_good_ = database_->db().GetLatestSequenceNumber();  // nobody else writes
  } else {
    log_suspect_ = true;
  }
  return status;
}

rocksdb::Status Engine::sync() {
  assert(Gate::held_here() == 0);
  const std::lock_guard lock(write_mutex_);
  if (auto ready = make_ready(); !ready.ok()) return ready;
  const auto status = database_->db().SyncWAL();
  if (status.ok()) return status;
  log::warning("the spool's log could not be synced; beginning another",
               {{"path", options_.path}, {"what", status.ToString()}});
  // What the log may not hold, files will: a new log begins with all that is in memory written to them.
  log_suspect_ = true;
  return make_ready();
}

Result<Engine::Inside> Engine::enter_to_write() {
  assert(Gate::held_here() == 0);
  if (auto inside = enter(); inside && !damage_met_) return inside;
  {
    const std::lock_guard lock(write_mutex_);
    if (auto ready = make_ready(); !ready.ok())
      return std::unexpected(error_of(ready, "cannot open the spool again"));
  }
  if (auto inside = enter()) return inside;
  return std::unexpected(error_of(not_open(), "cannot write to the spool"));
}

rocksdb::Status Engine::probe() const {
  // What the log holds has to go to files next. A database that could not be opened for want of room would
  // not be there to read from either.
  uint64_t free = 0;
  if (env().GetFreeSpace(options_.path, &free).ok() && free < kProbeOctets + log_octets(env(), options_.path))
    return rocksdb::Status::NoSpace("too little room to begin a new log");
  const std::string file = options_.path + "/probe";
  auto works = rocksdb::WriteStringToFile(&env(), std::string(kProbeOctets, '\0'), file, true);
  (void)env().DeleteFile(file);
  return works;
}

rocksdb::Status Engine::start_new_log() {
  // First see, without RocksDB, whether the disk works again: a flush that fails is the end of an opening.
  if (auto works = probe(); !works.ok()) return works;
  if (auto noted = write_refused(env(), options_.path, last_good_); !noted.ok()) return noted;
  rocksdb::Status status = database_ ? database_->failure() : not_open();
  if (damage_met_) status = rocksdb::Status::Corruption("reading met damaged files");
  if (!status.ok()) return reopen(status);
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  options.no_slowdown = true;
  // A family that has nothing in memory would not be flushed, and the manifest would still know it to begin
  // in the old log: what was refused there would come back after a crash, for this family alone.
  rocksdb::WriteBatch something;
  for (size_t i = 0; i < kFamilies; ++i)
    (void)something.Delete(database_->family(static_cast<Family>(i)), "");
  status = database_->db().Write(options, &something);
  if (status.ok()) status = database_->flush();
  if (status.ok()) {
    forget_refused(env(), options_.path);
    return status;
  }
  // A disk that is full again keeps what can be read now; the next write looks again whether there is room.
  return status.IsNoSpace() ? status : reopen(status);
}

void Engine::note(const rocksdb::Status& status) const {
  if (!status.IsCorruption() || looks_left_ <= 0) return;
  damage_met_ = true;
  if (on_damage) on_damage();
}

rocksdb::Status Engine::reopen(const rocksdb::Status& why) {
  if (!gate_.close(kReadersWaitMax)) return rocksdb::Status::Busy("readers hold up opening the spool again");
  database_.reset();
  const bool damage = why.IsCorruption() && looks_left_ > 0;
  if (damage) --looks_left_;
  damage_met_ = false;
  const auto status = Database::open(options_, Refused{.sequence = last_good_},
                                     damage ? Database::Look::thorough : Database::Look::quick, database_);
  if (status.ok()) {
    last_good_ = database_->db().GetLatestSequenceNumber();
    reopened_.fetch_add(1, std::memory_order_release);
    due_floor.reset();
    log::warning("opened the spool's database again", {{"path", options_.path}, {"why", why.ToString()}});
    if (!database_->files_set_aside().empty()) {
      const std::lock_guard lock(files_set_aside_mutex_);
      files_set_aside_ = database_->files_set_aside();
    }
  } else {
    log::error("cannot open the spool's database again; nothing can be read until that succeeds",
               {{"path", options_.path}, {"what", status.ToString()}});
  }
  gate_.open();
  // To who commits, corrupt means one record of the spool, which won't be written again.
  return status.IsCorruption() ? rocksdb::Status::IOError(status.ToString()) : status;
}

}  // namespace waybill::queue::rocks
