// rocks_batch.h: turns transactions into one WriteBatch. A transaction is checked whole before its first key
// is written, so one that fails leaves no trace in the batch. Commit thread only. Never writes to the disk
// itself; reads it for messages that the committer doesn't remember. It is inside the engine until finish().
#pragma once

#include <rocksdb/write_batch.h>

#include "queue/codec.h"
#include "queue/rocks_engine.h"
#include "queue/rocks_hot.h"

namespace waybill::queue::rocks {

class Batch {
 public:
  Batch(Engine& engine, Engine::Inside inside, Hot& hot, const Counters& counters)
      : engine_(engine),
        inside_(std::move(inside)),
        built_at_(engine.reopened()),
        hot_(hot),
        counters_(counters) {}

  [[nodiscard]] Status add(const Transaction& transaction);
  /// Adds the counters and leaves the engine; then the batch can be written.
  rocksdb::WriteBatch& finish();
  /// After the write: forgets messages that ended.
  void settle();

  [[nodiscard]] bool empty() const { return batch_.Count() == 0; }
  [[nodiscard]] size_t size_octets() const { return batch_.GetDataSize(); }
  /// For Engine::write(): which opening of the database the batch was checked against.
  [[nodiscard]] uint64_t built_at() const { return built_at_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// The earliest due time that this batch writes; Time::max() when none.
  [[nodiscard]] Time earliest_due() const { return earliest_due_; }

  /// A message's open recipients as the disk has them, remembered from now on; nullptr when it has none.
  [[nodiscard]] Result<HotMessage*> load(MessageId id);

 private:
  [[nodiscard]] Status check(const NewMessage& added);
  [[nodiscard]] Status check_spilled(const NewMessage& added);
  [[nodiscard]] Status check(const Change& change);
  void apply(const NewMessage& added);
  void apply(const Change& change);
  void enter_index(RecipientKey key, std::string_view domain, State state, Time at);
  void leave_index(RecipientKey key, std::string_view domain, State state, Time at);
  void end_message(MessageId id, const HotMessage& message);
  void log(const Event& event, uint32_t accepted_recipients = 0);
  void put(Family which, std::string_view key, std::string_view value);
  void single_delete(Family which, std::string_view key);

  Engine& engine_;
  Engine::Inside inside_;
  uint64_t built_at_;
  Hot& hot_;
  Counters counters_;
  rocksdb::WriteBatch batch_;
  Time earliest_due_ = Time::max();
  std::vector<MessageId> ended_;
};

/// Where a recipient stands in the indexes by time; see kHeldAt.
[[nodiscard]] inline Time index_time(State state, Time next_attempt) {
  return state == State::held ? kHeldAt : std::min(next_attempt, kHeldAt - Millis{1});
}

}  // namespace waybill::queue::rocks
