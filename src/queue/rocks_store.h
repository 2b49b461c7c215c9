// rocks_store.h: the spool on RocksDB, in one folder (docs/spool-format.md). Group commit: one thread takes
// every transaction that waits, writes them as one batch, syncs once and answers them all.
//
// Thread rule: as Store's. Failure modes: a full or failing disk fails the commits concerned (no_space, io)
// and the store recovers by itself when the disk does; a damaged value is reported as corrupt, set aside
// and does not stop the rest; a folder that another process has open is Errc::busy. Never answers a commit
// before its sync, never deletes a value that it could not read.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "queue/store.h"

namespace rocksdb {
class Env;
}

namespace waybill::queue {

namespace rocks {
struct Core;
}

struct RocksStoreOptions {
  std::string path;              ///< folder; made when missing
  const Clock* clock = nullptr;  ///< outlives the store
  /// New messages are refused with no_space while less than this is free; fates still go through.
  uint64_t reserve_octets = 64ULL << 20;
  /// Memory for write buffers and the block cache together.
  size_t memory_octets = 128ULL << 20;
  /// How far the log may grow before memory goes to files: what a start after a crash has to replay, and so
  /// how long it takes (bench/queue_restart_bench: some 60 MB a second).
  uint64_t log_octets_max = 24ULL << 20;
  /// Recipients whose index position is remembered from acceptance, so that their end needs no disk read.
  size_t hot_recipients_max = 100'000;
  /// Free octets of the spool's disk; empty: statvfs. Asked at most twenty times a second (by `clock`).
  std::function<Result<uint64_t>()> free_octets;
  rocksdb::Env* env = nullptr;  ///< for tests that make the disk fail; outlives the store
};

class RocksStore final : public Store {
 public:
  using Options = RocksStoreOptions;
  [[nodiscard]] static Result<std::unique_ptr<RocksStore>> open(Options options);
  /// Commits what was handed in before, answers it, and closes.
  ~RocksStore() override;
  RocksStore(const RocksStore&) = delete;
  RocksStore& operator=(const RocksStore&) = delete;

  /// We are stopping: reads of the whole spool (list, verify_custody, prune_ledger) end with Errc::closed,
  /// those under way too. Commits and reads of single records go on.
  void end_scans();

  Status put_chunk(MessageId id, uint32_t n, const Chunk& chunk) override;
  void discard(MessageId id, uint32_t chunk_count) override;
  using Store::commit;
  void commit(std::shared_ptr<const Transaction> transaction, Committed done) override;

  [[nodiscard]] Result<std::optional<MessageRecord>> message(MessageId id) const override;
  [[nodiscard]] Result<std::vector<std::pair<uint32_t, RecipientRecord>>> recipients(
      MessageId id) const override;
  [[nodiscard]] Result<std::optional<RecipientRecord>> recipient(RecipientKey key) const override;
  [[nodiscard]] Result<Chunk> chunk(MessageId id, uint32_t n) const override;
  [[nodiscard]] Result<std::vector<Due>> due(std::optional<Due> after, Time until, size_t max) const override;
  [[nodiscard]] Result<std::vector<Due>> due_in_domain(const std::string& domain, std::optional<Due> after,
                                                       Time until, size_t max) const override;
  [[nodiscard]] Result<std::optional<Time>> next_due() const override;
  [[nodiscard]] Result<Page> list(const Selector& selector, Time now, std::optional<RecipientKey> after,
                                  size_t max) const override;
  [[nodiscard]] Result<uint64_t> count(const Selector& selector, Time now) const override;
  [[nodiscard]] Result<std::vector<Event>> events(MessageId id) const override;
  [[nodiscard]] Result<CustodyReport> verify_custody() const override;
  [[nodiscard]] Result<uint64_t> prune_ledger(Time before) override;
  [[nodiscard]] MessageId highest_id() const override;
  [[nodiscard]] StoreStats stats() const override;
  /// Of stats(), without a look at the disk.
  [[nodiscard]] uint64_t recipients_queued() const;

 private:
  explicit RocksStore(std::unique_ptr<rocks::Core> core);
  std::unique_ptr<rocks::Core> core_;
};

}  // namespace waybill::queue
