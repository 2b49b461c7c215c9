// rocks_verify.cc: custody verify and the ledger's retention: streams over one snapshot, one message in
// memory at a time.
#include "queue/ledger.h"
#include "queue/rocks_core.h"

namespace waybill::queue {

using rocks::Family;
using rocks::slice;
using rocks::view;

namespace {

/// The message that an iterator over message-first keys stands at; none at the end.
std::optional<MessageId> message_at(const rocksdb::Iterator& at) {
  if (!at.Valid() || at.key().size() < 8) return std::nullopt;
  return parse_message_key(view(at.key()).substr(0, 8));
}

class Verifier {
 public:
  Verifier(const rocks::Core& core, const rocksdb::Snapshot* snapshot)
      : core_(core),
        snapshot_(snapshot),
        ledger_(core.engine->range(Family::ledger, "", "", true, snapshot)),
        recipients_(core.engine->range(Family::recipient, "", "", true, snapshot)) {}

  Result<CustodyReport> run();

 private:
  void ledger_of(MessageId id);
  bool recipients_of(MessageId id);
  void check_indexed(RecipientKey key, const RecipientRecord& record);
  void check_message(MessageId id);

  const rocks::Core& core_;
  const rocksdb::Snapshot* snapshot_;
  std::unique_ptr<rocks::Engine::Range> ledger_;
  std::unique_ptr<rocks::Engine::Range> recipients_;
  Auditor auditor_;
  rocksdb::PinnableSlice value_;
};

Result<CustodyReport> Verifier::run() {
  while (true) {
    const auto in_ledger = message_at(*ledger_->at);
    const auto in_spool = message_at(*recipients_->at);
    if (!in_ledger && !in_spool) break;
    const MessageId id = !in_spool ? *in_ledger : !in_ledger ? *in_spool : std::min(*in_ledger, *in_spool);
    if (in_ledger == id) ledger_of(id);
    if (in_spool == id && recipients_of(id)) check_message(id);
    auditor_.close(id);
  }
  for (const auto* range : {ledger_.get(), recipients_.get()}) {
    if (!range->at->status().ok())
      return std::unexpected(rocks::error_of(range->at->status(), "custody verify stopped"));
  }
  return auditor_.take();
}

void Verifier::ledger_of(MessageId id) {
  for (; message_at(*ledger_->at) == id; ledger_->at->Next()) {
    auto entry = decode_event(view(ledger_->at->key()), view(ledger_->at->value()));
    if (!entry) {
      auditor_.fault(
          fmt::format("message {} has a damaged ledger line: {}", id.to_string(), entry.error().what));
      continue;
    }
    entry->event.message = id;
    auditor_.event(entry->event, entry->accepted_recipients);
  }
}

bool Verifier::recipients_of(MessageId id) {
  bool any = false;
  for (; message_at(*recipients_->at) == id; recipients_->at->Next()) {
    const auto key = parse_recipient_key(view(recipients_->at->key()));
    if (!key) {
      auditor_.fault(fmt::format("message {} has a recipient key of the wrong length", id.to_string()));
      continue;
    }
    any = true;
    auditor_.open(key->index);
    const auto record = decode_recipient(view(recipients_->at->key()), view(recipients_->at->value()));
    if (record) {
      check_indexed(*key, *record);
    } else {
      auditor_.fault(core_.damaged(*key, record.error()).what);
    }
  }
  return any;
}

// A queued recipient that no index leads to would never be tried: lost in all but name.
void Verifier::check_indexed(RecipientKey key, const RecipientRecord& record) {
  const Time at = rocks::index_time(record.state, record.next_attempt);
  if (record.state == State::queued) {
    const auto due = core_.engine->get(Family::due, due_key(at, key).view(), value_, snapshot_);
    if (!due || !*due) {
      auditor_.fault(fmt::format("recipient {}/{} is queued, yet not in the due index",
                                 key.message.to_string(), key.index));
    }
  }
  const auto by_domain = due_domain_key(record.recipient.address.domain.text(), at, key);
  const auto found = core_.engine->get(Family::due_domain, by_domain, value_, snapshot_);
  if (!found || !*found) {
    auditor_.fault(fmt::format("recipient {}/{} is open, yet not in its domain's index",
                               key.message.to_string(), key.index));
  }
}

void Verifier::check_message(MessageId id) {
  const auto key = message_key(id);
  const auto found = core_.engine->get(Family::message, key.view(), value_, snapshot_);
  if (!found || !*found) {
    auditor_.fault(fmt::format("message {} has open recipients, yet no record", id.to_string()));
    return;
  }
  const auto record = decode_message(key.view(), view(value_));
  if (!record) {
    auditor_.fault(core_.damaged({id, 0}, record.error()).what);
    return;
  }
  for (uint32_t n = 0; n < record->chunk_count; ++n) {
    const auto body = body_key(id, n);
    const auto chunk = core_.engine->get(Family::body, body.view(), value_, snapshot_);
    if (!chunk || !*chunk || !decode_body(body.view(), view(value_))) {
      auditor_.fault(fmt::format("chunk {} of message {} is missing or damaged", n, id.to_string()));
    }
  }
}

}  // namespace

Result<CustodyReport> RocksStore::verify_custody() const {
  rocksdb::DB& db = core_->engine->db();
  const rocksdb::Snapshot* snapshot = db.GetSnapshot();
  auto report = Verifier(*core_, snapshot).run();
  db.ReleaseSnapshot(snapshot);
  return report;
}

namespace {

/// Deletes runs of ended messages: one range tombstone a run, not one a message.
class Pruner {
 public:
  explicit Pruner(rocks::Engine& engine) : engine_(engine) {}
  void drop(MessageId id) {
    if (!from_) from_ = id;
    to_ = id;
  }
  Status keep() {
    if (!from_) return {};
    rocksdb::WriteBatch batch;
    (void)batch.DeleteRange(engine_.family(Family::ledger), slice(message_key(*from_).view()),
                            slice(message_key({to_.value + 1}).view()));
    const auto status = engine_.write(batch, rocks::Engine::Sync::no);
    from_.reset();
    if (!status.ok()) return std::unexpected(rocks::error_of(status, "cannot prune the ledger"));
    return {};
  }

 private:
  rocks::Engine& engine_;
  std::optional<MessageId> from_;
  MessageId to_;
};

}  // namespace

// Keys begin with the message's id, and an id with its time: the walk ends where younger messages begin.
// A message is pruned whole or not at all, so that what custody verify sees always balances. No message can
// come in between two old ones: ids only grow.
Result<uint64_t> RocksStore::prune_ledger(Time before) {
  uint64_t removed = 0;
  rocks::Engine& engine = *core_->engine;
  const auto ledger = engine.range(Family::ledger, "", "", true);
  Pruner pruner(engine);
  while (const auto id = message_at(*ledger->at)) {
    if (id->time() >= before) break;
    bool young = false;
    uint64_t lines = 0;
    for (; message_at(*ledger->at) == *id; ledger->at->Next(), ++lines) {
      const auto entry = decode_event(view(ledger->at->key()), view(ledger->at->value()));
      young = young || (entry && entry->event.time >= before);
    }
    rocksdb::PinnableSlice value;
    const auto open = engine.get(Family::message, message_key(*id).view(), value);
    if (!open) return pass(open.error());
    if (young || *open) {
      if (auto kept = pruner.keep(); !kept) return pass(kept.error());
      continue;
    }
    pruner.drop(*id);
    removed += lines;
  }
  if (auto kept = pruner.keep(); !kept) return pass(kept.error());
  return removed;
}

}  // namespace waybill::queue
