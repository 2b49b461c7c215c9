// store.h: the spool behind one small interface, free of any engine's types. All that must survive passes
// through commit(): all or nothing, and durable (synced) before `done` is called.
//
// Thread rule: every method is thread-safe. `done` runs on the store's own commit thread: do no work there,
// post to your own loop. Reads may block on the disk for as long as a disk takes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/types.h"

namespace waybill::queue {

/// A message to take into custody. Chunks already spilled with put_chunk() are not repeated here:
/// `first_chunk` says which chunk of the body `chunks[0]` is.
struct NewMessage {
  MessageRecord message;
  std::vector<RecipientRecord> recipients;
  uint32_t first_chunk = 0;
  std::vector<Chunk> chunks;
};

/// The new truth about one recipient, and the event that led to it. A final state removes the record and
/// its due entry; when a message's last open recipient ends, its envelope and body are removed in the same
/// batch. The store reads the old record itself to move its index entries.
struct Change {
  RecipientKey key;
  RecipientRecord after;
  Event event;
};

/// Whether somebody waits for a commit. `soon`: its sync may wait a few milliseconds for one that others
/// need, as the outcome of a delivery may, which repeats itself if it is lost. `done` follows the sync either
/// way.
enum class Urgency : uint8_t { now, soon };

/// What one commit does, atomically: e.g. a recipient's bounce and the report that tells its sender.
struct Transaction {
  std::vector<NewMessage> messages;
  std::vector<Change> changes;
  std::vector<Event> events;  ///< further ledger lines (`accepted` events are written by the store itself)
  Urgency urgency = Urgency::now;
};

/// One entry of the due index.
struct Due {
  Time at{};
  RecipientKey key;
  std::string domain;  ///< text of the recipient's domain: the grouping of the index
  auto operator<=>(const Due&) const = default;
};

/// Which recipients an operator means. Empty fields don't restrict; all given ones must match.
struct Selector {
  std::optional<MessageId> message;
  std::string domain;          ///< recipient domain, exact, or "*.example.org" for everything below
  std::string sender;          ///< reverse-path, exact or "@domain"; "<>" for null
  std::string recipient;       ///< address, exact
  std::string host;            ///< host of the last attempt
  std::string last_reply;      ///< substring of the last reply, without case
  std::optional<State> state;  ///< queued or held
  std::optional<Millis> older_than, younger_than;  ///< by arrival
  [[nodiscard]] bool matches(const MessageRecord& message, const RecipientRecord& recipient, Time now) const;
  [[nodiscard]] bool empty() const;
};

struct Listed {
  MessageRecord message;
  uint32_t index = 0;
  RecipientRecord recipient;
};
/// One page. `next` is the key to give as `after` for the following page; none at the end.
struct Page {
  std::vector<Listed> rows;
  std::optional<RecipientKey> next;
};

struct StoreStats {
  uint64_t messages = 0;
  uint64_t recipients_queued = 0;
  uint64_t recipients_held = 0;
  uint64_t commits = 0;
  uint64_t transactions = 0;
  std::optional<Time> oldest_arrival;
  uint64_t bytes_on_disk = 0;
  /// Damage was met in the spool's files: the folder that keeps them as they were. Empty: nothing was lost.
  std::string files_set_aside;
  /// How often the spool closed and opened its files again by itself, after an error that left no other way.
  uint64_t reopened = 0;
};

/// What `custody verify` found: every accepted recipient is open, or ended in exactly one final event.
struct CustodyReport {
  uint64_t accepted = 0, open = 0, delivered = 0, bounced = 0, expired = 0, deleted = 0, discarded = 0,
           set_aside = 0;
  std::vector<std::string> faults;  ///< one sentence each; empty: nothing is unaccounted for
  uint64_t faults_total = 0;
};

class Store {
 public:
  using Committed = std::move_only_function<void(Status)>;
  virtual ~Store() = default;

  /// Writes one chunk of a body that is still coming in; not synced, and no part of the spool until a
  /// commit names it. Chunks that no commit names are removed by discard() or at the next start.
  [[nodiscard]] virtual Status put_chunk(MessageId id, uint32_t n, const Chunk& chunk) = 0;
  virtual void discard(MessageId id, uint32_t chunk_count) = 0;

  virtual void commit(std::shared_ptr<const Transaction> transaction, Committed done) = 0;
  void commit(Transaction transaction, Committed done) {
    commit(std::make_shared<const Transaction>(std::move(transaction)), std::move(done));
  }

  [[nodiscard]] virtual Result<std::optional<MessageRecord>> message(MessageId id) const = 0;
  [[nodiscard]] virtual Result<std::vector<std::pair<uint32_t, RecipientRecord>>> recipients(
      MessageId id) const = 0;
  [[nodiscard]] virtual Result<std::optional<RecipientRecord>> recipient(RecipientKey key) const = 0;
  [[nodiscard]] virtual Result<Chunk> chunk(MessageId id, uint32_t n) const = 0;

  /// Queued recipients due at or before `until`, in order of time, starting after `after`; at most `max`.
  [[nodiscard]] virtual Result<std::vector<Due>> due(std::optional<Due> after, Time until,
                                                     size_t max) const = 0;
  /// The same within one domain, whatever their time when `until` is Time::max().
  [[nodiscard]] virtual Result<std::vector<Due>> due_in_domain(const std::string& domain,
                                                               std::optional<Due> after, Time until,
                                                               size_t max) const = 0;
  /// When the earliest queued recipient is due; none when nothing is queued.
  [[nodiscard]] virtual Result<std::optional<Time>> next_due() const = 0;

  [[nodiscard]] virtual Result<Page> list(const Selector& selector, Time now,
                                          std::optional<RecipientKey> after, size_t max) const = 0;
  /// How many recipients match: the count before an operator's command acts.
  [[nodiscard]] virtual Result<uint64_t> count(const Selector& selector, Time now) const = 0;

  [[nodiscard]] virtual Result<std::vector<Event>> events(MessageId id) const = 0;
  [[nodiscard]] virtual Result<CustodyReport> verify_custody() const = 0;
  /// Removes ledger events of ended messages older than `before`.
  [[nodiscard]] virtual Result<uint64_t> prune_ledger(Time before) = 0;
  /// The highest id that the spool or ledger knows, for IdSource::start_after().
  [[nodiscard]] virtual MessageId highest_id() const = 0;
  [[nodiscard]] virtual StoreStats stats() const = 0;
};

}  // namespace waybill::queue
