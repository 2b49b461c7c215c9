// rocks_commit.h: group commit. One thread takes everything that waits, writes it as one batch, syncs once,
// and answers. No lock is held while it writes; a commit() costs its caller one short lock. What nobody waits
// for (Urgency::soon) is written at once, so that a crash of ours does not lose it, and synced and answered
// with whatever is synced next, within kSyncWithin.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>

#include "queue/rocks_batch.h"

namespace waybill::queue::rocks {

/// Whether the disk still has more than the reserve. Thread-safe; asks the file system at most twenty times a second.
class SpaceGuard {
 public:
  explicit SpaceGuard(const RocksStoreOptions& options);
  [[nodiscard]] bool low();

 private:
  const RocksStoreOptions& options_;
  std::atomic<int64_t> asked_at_ms_{-1};
  std::atomic<bool> low_{false};
};

/// As the spool has them; counted anew when they are missing or damaged (in rocks_store.cc).
[[nodiscard]] Result<Counters> read_counters(Engine& engine);

struct Published {
  Counters counters;
  uint64_t commits = 0;
  uint64_t transactions = 0;
};

/// How long a commit of Urgency::soon waits for the sync of another.
inline constexpr std::chrono::milliseconds kSyncWithin{10};

class Committer {
 public:
  Committer(Engine& engine, SpaceGuard& space, const RocksStoreOptions& options, const Counters& counters);
  ~Committer();  ///< finishes what was handed in
  /// Once, before anything is handed in. Errors: busy, no thread is to be had.
  [[nodiscard]] Status start();

  void commit(std::shared_ptr<const Transaction> transaction, Store::Committed done);
  /// A reader met a damaged record: the commit thread looks itself and moves what is damaged out of the way.
  void inspect(RecipientKey key);
  [[nodiscard]] Published published() const;

 private:
  struct Item {
    std::shared_ptr<const Transaction> transaction;
    Store::Committed done;
    std::optional<RecipientKey> damaged;  ///< not a commit: what to inspect
  };
  void enqueue(Item item);
  void run();
  void process(std::vector<Item>& items);
  enum class Wrote : uint8_t { nothing, unsynced, synced, try_again };
  void process_slice(std::span<Item> items);
  [[nodiscard]] Wrote try_slice(std::span<Item> items, std::vector<Status>& answers);
  void sync_rest();
  void answer_rest(const Status& status);
  void fill(Batch& batch, std::span<Item> items, std::vector<Status>& answers);
  void notice_reopening(uint64_t reopened);
  void set_aside_damaged(RecipientKey key);  // these three in rocks_aside.cc
  [[nodiscard]] std::optional<Counters> gather_damaged(const Engine::Inside& inside, MessageId id,
                                                       rocksdb::WriteBatch& batch);
  void set_aside_recipient(const Engine::Inside& inside, RecipientKey key, rocksdb::WriteBatch& batch,
                           Counters& counters);
  void publish(uint64_t transactions);

  Engine& engine_;
  SpaceGuard& space_;
  const Clock& clock_;
  Hot hot_;
  Counters counters_;
  uint64_t reopened_seen_ = 0;

  std::vector<Store::Committed> unsynced_;  ///< written, and to be answered after the next sync
  uint64_t unsynced_opening_ = 0;           ///< reopened() when they were written
  std::chrono::steady_clock::time_point sync_at_{};

  mutable std::mutex published_mutex_;
  Published published_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Item> waiting_;
  bool asleep_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace waybill::queue::rocks
