#include "queue/rocks_reconcile.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/log.h"
#include "queue/codec.h"
#include "queue/keys.h"
#include "queue/ledger.h"
#include "queue/rocks_batch.h"

namespace waybill::queue::rocks {
namespace {

/// Everything that was found of one message.
struct Found {
  MessageId id;
  std::optional<MessageRecord> message;
  bool has_message = false;  ///< damaged or not
  std::optional<uint32_t> accepted;
  std::set<uint32_t> ended;
  std::map<uint32_t, std::string> recipients;  ///< values as they are
};

class Reconciler {
 public:
  Reconciler(const Database& spool, Time now) : spool_(spool), now_(now) {}
  rocksdb::Status run();

 private:
  using Iterator = std::unique_ptr<rocksdb::Iterator>;
  [[nodiscard]] Iterator all(Family family) const {
    Iterator out(spool_.db().NewIterator({}, spool_.family(family)));
    out->SeekToFirst();
    return out;
  }
  static std::optional<MessageId> id_at(const rocksdb::Iterator& at) {
    if (!at.Valid() || at.key().size() < 8) return std::nullopt;
    return parse_message_key(view(at.key()).substr(0, 8));
  }
  void find_last_sequence();
  Found gather(MessageId id, rocksdb::Iterator& messages, rocksdb::Iterator& recipients,
               rocksdb::Iterator& ledger) const;
  void settle(Found& found);
  uint32_t settle_accepted(const Found& found);
  bool settle_recipient(const Found& found, uint32_t index, const std::string& value);
  void look_for_body(const MessageRecord& message) const;
  void write_line(const Event& event, uint32_t accepted);
  void set_aside(MessageId id, uint32_t index, std::string_view address, std::string_view why);
  rocksdb::Status pour();

  const Database& spool_;
  Time now_;
  uint64_t sequence_ = 0;
  rocksdb::WriteBatch batch_;
};

void Reconciler::find_last_sequence() {
  for (const auto at = all(Family::ledger); at->Valid(); at->Next()) {
    if (const auto key = parse_ledger_key(view(at->key()))) sequence_ = std::max(sequence_, key->sequence);
  }
}

Found Reconciler::gather(MessageId id, rocksdb::Iterator& messages, rocksdb::Iterator& recipients,
                         rocksdb::Iterator& ledger) const {
  Found out;
  out.id = id;
  for (; id_at(messages) == id; messages.Next()) {
    out.has_message = true;
    if (auto record = decode_message(view(messages.key()), view(messages.value())))
      out.message = std::move(*record);
  }
  for (; id_at(recipients) == id; recipients.Next()) {
    if (const auto key = parse_recipient_key(view(recipients.key())))
      out.recipients[key->index] = recipients.value().ToString();
  }
  for (; id_at(ledger) == id; ledger.Next()) {
    const auto entry = decode_event(view(ledger.key()), view(ledger.value()));
    if (!entry) continue;
    if (entry->event.kind == EventKind::accepted) out.accepted = entry->accepted_recipients;
    if (ends_custody(entry->event.kind) && entry->event.recipient) out.ended.insert(*entry->event.recipient);
  }
  return out;
}

void Reconciler::write_line(const Event& event, uint32_t accepted) {
  const auto key = ledger_key(event.message, ++sequence_);
  (void)batch_.Put(spool_.family(Family::ledger), slice(key.view()),
                   slice(encode(key.view(), LedgerEntry{event, accepted})));
}

void Reconciler::set_aside(MessageId id, uint32_t index, std::string_view address, std::string_view why) {
  Event event;
  event.time = now_;
  event.message = id;
  event.recipient = index;
  event.kind = EventKind::set_aside;
  event.address = address;
  event.detail = why;
  write_line(event, 0);
  log::error("set aside", {{"id", id}, {"recipient", index}, {"to", address}, {"why", why}});
}

// The line that said how many there were is gone: the message's record says it too, or the greatest index.
uint32_t Reconciler::settle_accepted(const Found& found) {
  uint32_t count = found.message ? found.message->recipient_count : 0;
  if (!found.ended.empty()) count = std::max(count, *found.ended.rbegin() + 1);
  if (!found.recipients.empty()) count = std::max(count, found.recipients.rbegin()->first + 1);
  Event event;
  event.time = found.message ? found.message->arrived : now_;
  event.message = found.id;
  if (found.message) event.address = mail::to_string(found.message->envelope.from);
  event.detail = "the line of its acceptance was damaged, and is written anew";
  write_line(event, count);
  return count;
}

/// True when it stays open.
bool Reconciler::settle_recipient(const Found& found, uint32_t index, const std::string& value) {
  const RecipientKey key{found.id, index};
  const auto stored = recipient_key(key);
  const auto record = decode_recipient(stored.view(), value);
  if (found.ended.contains(index)) {
    // The damage took the deletion with it, not the end: it must not be sent again.
    (void)batch_.Delete(spool_.family(Family::recipient), slice(stored.view()));
    return false;
  }
  if (!record || !found.message) {
    std::string aside(1, static_cast<char>(Family::recipient));
    aside.append(stored.view());
    (void)batch_.Put(spool_.family(Family::set_aside), slice(aside), slice(value));
    (void)batch_.Delete(spool_.family(Family::recipient), slice(stored.view()));
    set_aside(found.id, index, record ? record->recipient.address.to_string() : "",
              record ? "its message's record is lost or damaged" : record.error().what);
    return false;
  }
  const Time at = index_time(record->state, record->next_attempt);
  const std::string domain = record->recipient.address.domain.text();
  if (record->state == State::queued) {
    const auto due = due_key(at, key);
    (void)batch_.Put(spool_.family(Family::due), slice(due.view()), slice(encode_due(due.view(), domain)));
  }
  const std::string by_domain = due_domain_key(domain, at, key);
  (void)batch_.Put(spool_.family(Family::due_domain), slice(by_domain), slice(encode_due_domain(by_domain)));
  return true;
}

void Reconciler::look_for_body(const MessageRecord& message) const {
  std::string value;
  for (uint32_t n = 0; n < message.chunk_count; ++n) {
    const auto key = body_key(message.id, n);
    if (!spool_.db().Get({}, spool_.family(Family::body), slice(key.view()), &value).ok())
      log::error("a part of a body is lost to damage", {{"id", message.id}, {"chunk", n}});
  }
}

void Reconciler::settle(Found& found) {
  if (!found.accepted) found.accepted = settle_accepted(found);
  size_t open = 0;
  for (const auto& [index, value] : found.recipients) {
    if (settle_recipient(found, index, value)) ++open;
    found.ended.insert(index);  // it is accounted for
  }
  for (uint32_t index = 0; index < *found.accepted; ++index) {
    if (!found.ended.contains(index))
      set_aside(found.id, index, "", "its record and its fate are lost to damage");
  }
  if (open > 0) {
    look_for_body(*found.message);
  } else if (found.has_message) {
    (void)batch_.Delete(spool_.family(Family::message), slice(message_key(found.id).view()));
    // The body of a message that can't be sent any more is all that is left of it.
    const auto from = message_key(found.id);
    const auto to = message_key({found.id.value + 1});
    if (found.message)
      (void)batch_.DeleteRange(spool_.family(Family::body), slice(from.view()), slice(to.view()));
  }
}

rocksdb::Status Reconciler::pour() {
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  auto status = spool_.db().Write(unlogged, &batch_);
  batch_.Clear();
  return status;
}

rocksdb::Status Reconciler::run() {
  find_last_sequence();
  const auto messages = all(Family::message);
  const auto recipients = all(Family::recipient);
  const auto ledger = all(Family::ledger);
  while (true) {
    std::optional<MessageId> next;
    for (const auto* at : {messages.get(), recipients.get(), ledger.get()}) {
      const auto id = id_at(*at);
      if (id && (!next || *id < *next)) next = id;
    }
    if (!next) break;
    Found found = gather(*next, *messages, *recipients, *ledger);
    settle(found);
    if (auto poured = pour(); !poured.ok()) return poured;
  }
  for (const auto* at : {messages.get(), recipients.get(), ledger.get()}) {
    if (!at->status().ok()) return at->status();
  }
  return rocksdb::Status::OK();
}

}  // namespace

rocksdb::Status reconcile(const Database& spool, Time now) { return Reconciler(spool, now).run(); }

}  // namespace waybill::queue::rocks
