// memory_store.h: the Store in memory, for tests and rehearsals, with the same semantics and the same checks
// as the RocksDB store (one suite of tests runs against both), and with faults on demand.
//
// Thread rule: thread-safe. In Sync::at_once a commit is done, and `done` called, before commit() returns;
// in Sync::by_hand commits wait for sync(), and crash() drops those that did not get it.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "queue/store.h"

namespace waybill::queue {

class MemoryStore final : public Store {
 public:
  enum class Sync : uint8_t { at_once, by_hand };
  explicit MemoryStore(Sync sync = Sync::at_once) : sync_(sync) {}

  // -- faults -------------------------------------------------------------------------------------------
  /// The `n`th commit from now (1: the next) fails with `error`, as a full or failing disk would make it.
  void fail_commit(uint64_t n, Error error);
  /// Every commit fails until recover_disk().
  void fail_disk(Error error);
  void recover_disk();
  /// Sync::by_hand: makes everything that waits durable and answers it.
  void sync();
  [[nodiscard]] size_t waiting() const;
  /// The power fails: what was not synced is gone, its `done` is never called; unfinished bodies too.
  void crash();
  /// Damages a stored record: reads of it answer Errc::corrupt.
  void damage(RecipientKey key);

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

 private:
  struct Line {
    Event event;
    uint32_t accepted_recipients = 0;
  };
  using Index = std::tuple<Time, RecipientKey>;

  [[nodiscard]] Status check(const Transaction& transaction) const;
  [[nodiscard]] Status apply(const Transaction& transaction);
  void apply(const NewMessage& added);
  void apply(const Change& change);
  void enter(RecipientKey key, const RecipientRecord& record);
  void leave(RecipientKey key, const RecipientRecord& record);
  void end_message(MessageId id);

  Sync sync_;
  mutable std::mutex mutex_;
  std::map<MessageId, MessageRecord> messages_;
  std::map<RecipientKey, RecipientRecord> recipients_;
  std::map<std::pair<MessageId, uint32_t>, Chunk> chunks_;
  std::set<MessageId> spilled_;
  std::map<Index, std::string> due_;
  std::map<std::string, std::set<Index>> by_domain_;
  std::multimap<MessageId, Line> ledger_;
  std::set<RecipientKey> damaged_;
  std::vector<std::pair<std::shared_ptr<const Transaction>, Committed>> waiting_;
  uint64_t commits_ = 0;
  uint64_t transactions_ = 0;
  MessageId highest_{};
  uint64_t fail_at_ = 0;
  Error fail_with_;
  std::optional<Error> disk_;
};

}  // namespace waybill::queue
