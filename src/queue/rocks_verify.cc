// rocks_verify.cc: custody verify and the ledger's retention: streams over one snapshot, one message in
// memory at a time.
#include <rocksdb/snapshot.h>

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
  std::string value_;
};

Result<CustodyReport> Verifier::run() {
  while (true) {
    if (const Status may = core_.engine->may_scan(); !may) return pass(may.error());
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
  const auto record = decode_message(key.view(), value_);
  if (!record) {
    auditor_.fault(core_.damaged({id, 0}, record.error()).what);
    return;
  }
  for (uint32_t n = 0; n < record->chunk_count; ++n) {
    const auto body = body_key(id, n);
    const auto chunk = core_.engine->get(Family::body, body.view(), value_, snapshot_);
    if (!chunk || !*chunk || !decode_body(body.view(), value_)) {
      auditor_.fault(fmt::format("chunk {} of message {} is missing or damaged", n, id.to_string()));
    }
  }
}

}  // namespace

Result<CustodyReport> RocksStore::verify_custody() const {
  const auto inside = core_->engine->enter();
  if (!inside) return fail(Errc::io, "the spool's database is not open");
  rocksdb::ManagedSnapshot snapshot(&inside.db());
  return Verifier(*core_, snapshot.snapshot()).run();
}

namespace {

/// What one step of the pruning removes: runs of ended messages, so that a run takes one range tombstone.
struct PruneStep {
  rocksdb::WriteBatch batch;
  uint64_t lines = 0;
  std::optional<MessageId> next;  ///< where the following step begins; none: all is seen
};

class Pruner {
 public:
  Pruner(const rocks::Engine& engine, Time before) : engine_(engine), before_(before) {}
  Result<PruneStep> step(MessageId from);

 private:
  static constexpr int kMessagesMax = 4096;
  Result<bool> may_go(rocksdb::Iterator& ledger, MessageId id, uint64_t& lines);

  const rocks::Engine& engine_;
  Time before_;
};

// Keys begin with the message's id, and an id with its time: the walk ends where younger messages begin.
// A message is pruned whole or not at all, so that what custody verify sees always balances. No message can
// come in between two old ones: ids only grow.
Result<PruneStep> Pruner::step(MessageId from) {
  PruneStep out;
  const auto ledger = engine_.range(Family::ledger, std::string(message_key(from).view()), "", true);
  std::optional<MessageId> run_from;
  MessageId run_to;
  const auto end_run = [&] {
    if (!run_from) return;
    (void)out.batch.DeleteRange(ledger->inside.family(Family::ledger), slice(message_key(*run_from).view()),
                                slice(message_key({run_to.value + 1}).view()));
    run_from.reset();
  };
  for (int seen = 0; const auto id = message_at(*ledger->at); ++seen) {
    if (id->time() >= before_) break;
    if (seen == kMessagesMax) {
      out.next = id;
      break;
    }
    const auto goes = may_go(*ledger->at, *id, out.lines);
    if (!goes) return pass(goes.error());
    if (!*goes) {
      end_run();
      continue;
    }
    if (!run_from) run_from = id;
    run_to = *id;
  }
  end_run();
  if (!ledger->at->status().ok())
    return std::unexpected(rocks::error_of(ledger->at->status(), "cannot read the ledger"));
  return out;
}

/// Whether the message has ended and all its lines are old: then `lines` counts them. Moves behind them.
Result<bool> Pruner::may_go(rocksdb::Iterator& ledger, MessageId id, uint64_t& lines) {
  bool young = false;
  uint64_t count = 0;
  for (; message_at(ledger) == id; ledger.Next(), ++count) {
    const auto entry = decode_event(view(ledger.key()), view(ledger.value()));
    young = young || (entry && entry->event.time >= before_);
  }
  std::string value;
  const auto open = engine_.get(Family::message, message_key(id).view(), value);
  if (!open) return pass(open.error());
  if (young || *open) return false;
  lines += count;
  return true;
}

}  // namespace

// In steps: a write is never made from inside a scan.
Result<uint64_t> RocksStore::prune_ledger(Time before) {
  uint64_t removed = 0;
  Pruner pruner(*core_->engine, before);
  std::optional<MessageId> next = MessageId{0};
  while (next) {
    const Status may = core_->engine->may_scan();  // between steps nobody waits for us
    if (!may && may.error().code == Errc::closed) return pass(may.error());
    auto step = pruner.step(*next);
    if (!step) return pass(step.error());
    if (step->batch.Count() > 0) {
      const auto status = core_->engine->write(step->batch, rocks::Engine::Sync::no);
      if (!status.ok()) return std::unexpected(rocks::error_of(status, "cannot prune the ledger"));
    }
    removed += step->lines;
    next = step->next;
  }
  return removed;
}

}  // namespace waybill::queue
