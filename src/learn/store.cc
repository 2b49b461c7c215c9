#include "learn/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "base/log.h"
#include "base/thread.h"
#include "learn/file.h"

namespace waybill::learn {
namespace {
constexpr Millis kWriteEvery{2'000};

/// Ours alone: addresses of people stand in it. SQLite would take the umask's word.
Status make_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return std::unexpected(errno_error(fmt::format("cannot open {}", path)));
  ::close(file);
  return {};
}

void set_aside(const std::string& path, Time now, const Error& why) {
  const std::string aside = fmt::format("{}.damaged-{}", path, now.time_since_epoch().count());
  // Its log goes with it: beside a new file it would be taken for that one's.
  for (const char* tail : {"", "-wal", "-shm"}) std::rename((path + tail).c_str(), (aside + tail).c_str());
  log::warning("what was learnt cannot be read, and is learnt anew",
               {{"why", why.what}, {"set_aside_as", aside}});
}
}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const Clock& clock) {
  if (auto made = make_private(path); !made) return pass(made.error());
  auto file = File::open(path);
  if (!file && file.error().code == Errc::corrupt) {
    set_aside(path, clock.now(), file.error());
    if (auto made = make_private(path); !made) return pass(made.error());
    file = File::open(path);
  }
  if (!file) return pass(file.error());
  std::unique_ptr<Store> store(new Store(clock, path, std::move(*file)));
  auto writer = start_thread([self = store.get()] { self->write_behind(); });
  if (!writer) return pass(writer.error());
  store->writer_ = std::move(*writer);
  return store;
}

std::unique_ptr<Store> Store::in_memory(const Clock& clock) {
  return std::unique_ptr<Store>(new Store(clock, {}, nullptr));
}

Store::Store(const Clock& clock, std::string path, std::unique_ptr<File> file)
    : clock_(clock), path_(std::move(path)), file_(std::move(file)) {}

Store::~Store() {
  {
    const std::lock_guard lock(end_mutex_);
    ending_ = true;
  }
  end_.notify_all();
  if (writer_.joinable()) writer_.join();
  (void)flush();  // what is not written now is learnt again; the log has the reason
}

Table& Store::table(std::string_view name, size_t entries_max) {
  const std::lock_guard file_lock(file_mutex_);
  const std::lock_guard lock(tables_mutex_);
  const auto found = tables_.find(name);
  if (found != tables_.end()) return *found->second;
  auto made = std::make_unique<Table>(std::string(name), entries_max);
  if (file_) {
    const Status done = file_->read(name, clock_.now(), entries_max, [&](std::string key, Entry entry) {
      made->restore(std::move(key), std::move(entry));
    });
    if (!done)
      log::warning("a part of what was learnt is lost", {{"table", name}, {"why", done.error().what}});
  }
  return *tables_.emplace(std::string(name), std::move(made)).first->second;
}

Status Store::flush() {
  const std::lock_guard file_lock(file_mutex_);
  const Time now = clock_.now();
  std::vector<File::Batch> batches;
  std::vector<Table*> tables;
  {
    const std::lock_guard lock(tables_mutex_);
    for (const auto& [name, table] : tables_) {
      table->sweep(now);
      auto changes = table->take_changes();
      if (changes.empty()) continue;
      batches.push_back({name, std::move(changes)});
      tables.push_back(table.get());
    }
  }
  if (!file_ || batches.empty()) return {};
  Status done = file_->write(batches, now);
  if (!done && done.error().code == Errc::corrupt)
    begin_anew(done.error());  // the next writing holds everything
  if (!done) {
    for (size_t i = 0; i < tables.size(); ++i) tables[i]->keep_dirty(batches[i].changes);
    if (!told_)
      log::warning("what is learnt is not written, and would not outlive a restart",
                   {{"why", done.error().what}});
  } else if (told_) {
    log::info("what is learnt is written again");
  }
  told_ = !done;
  return done;
}

// What memory holds is all there is to lose: it goes into a new file.
void Store::begin_anew(const Error& why) {
  file_.reset();
  set_aside(path_, clock_.now(), why);
  Result<std::unique_ptr<File>> file = fail(Errc::io, "not made");
  if (auto made = make_private(path_); made) file = File::open(path_);
  if (!file) return;  // from memory then, as without a disk
  file_ = std::move(*file);
  const std::lock_guard lock(tables_mutex_);
  for (const auto& [name, table] : tables_) table->keep_all_dirty();
}

void Store::write_behind() {
  std::unique_lock lock(end_mutex_);
  while (!ending_) {
    end_.wait_for(lock, kWriteEvery, [this] { return ending_; });
    if (ending_) return;
    lock.unlock();
    (void)flush();  // said in the log, and tried again
    lock.lock();
  }
}

}  // namespace waybill::learn
