#include "queue/rocks_commit.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "base/log.h"
#include "base/thread.h"

namespace waybill::queue::rocks {
namespace {

// A batch beyond this is split: memory stays bounded, and the first ones don't wait for the last body.
constexpr size_t kBatchOctetsMax = 8ULL << 20;
/// How long an answer about free space holds. Whoever fills the disk from outside must not be able to have us
/// use up the reserve before we see it: the fates of what is queued need it.
constexpr Millis kAskAgain{50};
/// After a sync that failed.
constexpr std::chrono::milliseconds kSyncRetry{1000};

Result<uint64_t> free_octets_at(const std::string& path) {
  struct statvfs about{};
  if (::statvfs(path.c_str(), &about) != 0) return std::unexpected(errno_error("statvfs " + path));
  return static_cast<uint64_t>(about.f_bavail) * about.f_frsize;
}

size_t octets_of(const Transaction& transaction) {
  size_t total = 0;
  for (const NewMessage& added : transaction.messages) {
    for (const Chunk& chunk : added.chunks) total += chunk.size();
    total += added.recipients.size() * 256;
  }
  return total + transaction.changes.size() * 256;
}

// What brings only new mail waits for space; what ends or moves mail that we hold does not, even when a
// report comes with it: fates free space, they don't take it.
bool is_only_new(const Transaction& transaction) {
  return !transaction.messages.empty() && transaction.changes.empty();
}

// "Exists" and "ended" may be what the same batch was going to make true: with it they fall.
bool rests_on_batch(Errc code) { return code == Errc::exists || code == Errc::not_found; }

}  // namespace

SpaceGuard::SpaceGuard(const RocksStoreOptions& options) : options_(options) {}

bool SpaceGuard::low() {
  if (options_.reserve_octets == 0) return false;
  const int64_t now_ms = options_.clock->steady().time_since_epoch().count();
  int64_t asked = asked_at_ms_.load(std::memory_order_relaxed);
  if (asked >= 0 && now_ms - asked < kAskAgain.count()) return low_.load(std::memory_order_relaxed);
  if (!asked_at_ms_.compare_exchange_strong(asked, now_ms)) return low_.load(std::memory_order_relaxed);
  const auto free = options_.free_octets ? options_.free_octets() : free_octets_at(options_.path);
  const bool low = free && *free < options_.reserve_octets;
  if (low != low_.exchange(low)) {
    if (low) {
      log::error("spool reserve reached",
                 {{"path", options_.path}, {"free", *free}, {"reserve", options_.reserve_octets}});
    } else {
      log::info("spool has space again", {{"path", options_.path}});
    }
  }
  return low;
}

Committer::Committer(Engine& engine, SpaceGuard& space, const RocksStoreOptions& options,
                     const Counters& counters)
    : engine_(engine),
      space_(space),
      clock_(*options.clock),
      hot_(options.hot_recipients_max, counters.highest_id),
      counters_(counters) {
  published_.counters = counters;
}

Status Committer::start() {
  auto thread = start_thread([this] { run(); });
  if (!thread) return pass(thread.error());
  thread_ = std::move(*thread);
  return {};
}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Committer::enqueue(Item item) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(item));
    wake = std::exchange(asleep_, false);
  }
  if (wake) wake_.notify_one();  // a busy commit thread looks again by itself
}

void Committer::commit(std::shared_ptr<const Transaction> transaction, Store::Committed done) {
  enqueue({.transaction = std::move(transaction), .done = std::move(done), .damaged = {}});
}
void Committer::inspect(RecipientKey key) { enqueue({.transaction = {}, .done = {}, .damaged = key}); }

Published Committer::published() const {
  const std::lock_guard lock(published_mutex_);
  return published_;
}

void Committer::publish(uint64_t transactions) {
  const std::lock_guard lock(published_mutex_);
  published_.counters = counters_;
  ++published_.commits;
  published_.transactions += transactions;
}

void Committer::run() {
  std::vector<Item> items;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const auto has_work = [this] { return !waiting_.empty() || stopping_; };
      asleep_ = !has_work();
      if (unsynced_.empty()) {
        wake_.wait(lock, has_work);
      } else {
        wake_.wait_until(lock, sync_at_, has_work);
      }
      asleep_ = false;
      if (stopping_ && waiting_.empty()) break;
      items.swap(waiting_);
    }
    process(items);
    items.clear();
    if (!unsynced_.empty() && std::chrono::steady_clock::now() >= sync_at_) sync_rest();
  }
  sync_rest();
  answer_rest(fail(Errc::io, "the spool was closed before this was on disk"));
}

void Committer::sync_rest() {
  if (unsynced_.empty()) return;
  const auto status = engine_.sync();
  if (engine_.reopened() != unsynced_opening_)
    return answer_rest(fail(Errc::io, "the spool was opened again before this was on disk"));
  if (status.ok()) return answer_rest({});
  // Not answered as failed: it stands in the database, and the next write begins with this.
  log::error("what was written is not on disk yet", {{"what", status.ToString()}});
  sync_at_ = std::chrono::steady_clock::now() + kSyncRetry;
}

void Committer::answer_rest(const Status& status) {
  for (Store::Committed& done : std::exchange(unsynced_, {})) done(status);
}

void Committer::process(std::vector<Item>& items) {
  size_t from = 0;
  while (from < items.size()) {
    if (items[from].damaged) {
      set_aside_damaged(*items[from].damaged);
      ++from;
      continue;
    }
    size_t octets = 0;
    size_t to = from;
    do {
      octets += octets_of(*items[to].transaction);
      ++to;
    } while (to < items.size() && octets < kBatchOctetsMax && !items[to].damaged);
    process_slice(std::span(items).subspan(from, to - from));
    from = to;
  }
}

void Committer::process_slice(std::span<Item> items) {
  std::vector<Status> answers(items.size());
  // What was checked against a database that has been opened again since is checked anew.
  Wrote wrote = Wrote::try_again;
  while (wrote == Wrote::try_again) wrote = try_slice(items, answers);
  if (!unsynced_.empty() && engine_.reopened() != unsynced_opening_)
    answer_rest(fail(Errc::io, "the spool was opened again before this was on disk"));
  if (wrote == Wrote::synced) answer_rest({});
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].done) continue;
    if (wrote != Wrote::unsynced || !answers[i]) {
      items[i].done(std::move(answers[i]));
      continue;
    }
    if (unsynced_.empty()) sync_at_ = std::chrono::steady_clock::now() + kSyncWithin;
    unsynced_opening_ = engine_.reopened();
    unsynced_.push_back(std::move(items[i].done));
  }
}

// What was written unsynced may be gone, and with a damaged log more than that: what is remembered here is
// the disk's again. Numbers that must not be used twice never go back.
void Committer::notice_reopening(uint64_t reopened) {
  if (reopened == std::exchange(reopened_seen_, reopened)) return;
  hot_.clear(counters_.highest_id);
  const auto counters = read_counters(engine_);
  if (!counters) return;  // the write that follows fails as well
  const Counters before = std::exchange(counters_, *counters);
  counters_.ledger_sequence = std::max(counters_.ledger_sequence, before.ledger_sequence);
  counters_.highest_id = std::max(counters_.highest_id, before.highest_id);
  const std::lock_guard lock(published_mutex_);
  published_.counters = counters_;
}

void Committer::fill(Batch& batch, std::span<Item> items, std::vector<Status>& answers) {
  const bool low = space_.low();
  for (size_t i = 0; i < items.size(); ++i) {
    if (low && is_only_new(*items[i].transaction)) {
      answers[i] = fail(Errc::no_space, "the spool's disk is down to its reserve");
      continue;
    }
    answers[i] = batch.add(*items[i].transaction);
    if (!answers[i] && answers[i].error().code == Errc::corrupt) {
      log::error("commit met a damaged record", {{"what", answers[i].error().what}});
      for (const Change& change : items[i].transaction->changes) inspect(change.key);
    }
  }
}

/// `try_again`: the database was opened again meanwhile, and nothing was written.
Committer::Wrote Committer::try_slice(std::span<Item> items, std::vector<Status>& answers) {
  auto inside = engine_.enter_to_write();
  if (!inside) {
    std::ranges::fill(answers, Status(std::unexpected(inside.error())));
    return Wrote::nothing;
  }
  notice_reopening(engine_.reopened());
  Batch batch(engine_, std::move(*inside), hot_, counters_);
  fill(batch, items, answers);
  const auto good = static_cast<uint64_t>(std::ranges::count_if(answers, &Status::has_value));
  if (good == 0 || batch.empty()) return Wrote::nothing;
  // 250 follows the sync.
  const bool waits =
      std::ranges::any_of(items, [](const Item& item) { return item.transaction->urgency == Urgency::now; });

  rocksdb::WriteBatch& ready = batch.finish();
  const bool has_due = batch.earliest_due() != Time::max();
  if (has_due) engine_.due_floor.writing(batch.earliest_due());
  const auto status = engine_.write(ready, waits ? Engine::Sync::yes : Engine::Sync::no, batch.built_at());
  if (has_due) engine_.due_floor.written();
  if (status.ok()) {
    counters_ = batch.counters();
    batch.settle();
    hot_.shrink();
    publish(good);
    return waits ? Wrote::synced : Wrote::unsynced;
  }
  // Nothing of it counts. What the batch changed in the overlay is no longer true: read it again.
  hot_.clear(counters_.highest_id);
  if (status.IsTryAgain() && engine_.reopened() != batch.built_at()) return Wrote::try_again;
  const Error error = error_of(status, "cannot write to the spool");
  log::error("commit failed", {{"what", error.what}, {"transactions", good}});
  for (Status& answer : answers) {
    if (answer || rests_on_batch(answer.error().code)) answer = std::unexpected(error);
  }
  return Wrote::nothing;
}

}  // namespace waybill::queue::rocks
