// rocks_aside.cc: what happens to damaged records. They are moved, never deleted: the raw octets go to the
// family set_aside under their old family and key, the index entries that lead to them go, and the ledger
// says so. A message whose own record is damaged goes whole, and its body stays where it is: `message_key`
// ranges find it for whoever repairs it.
#include "base/log.h"
#include "queue/rocks_commit.h"

namespace waybill::queue::rocks {
namespace {

std::string aside_key(Family family, std::string_view key) {
  std::string out(1, static_cast<char>(family));
  out.append(key);
  return out;
}

void move_aside(const Engine::Inside& inside, rocksdb::WriteBatch& batch, Family family, std::string_view key,
                std::string_view value) {
  (void)batch.Put(inside.family(Family::set_aside), slice(aside_key(family, key)), slice(value));
  (void)batch.Delete(inside.family(family), slice(key));
}

// The record that says where its entries are can't be read: look through the whole index. Seldom, and only
// keys.
bool drop_due_entries(Engine& engine, rocksdb::WriteBatch& batch, RecipientKey key) {
  bool was_queued = false;
  const auto due = engine.range(Family::due, "", "", true);
  for (; due->at->Valid(); due->at->Next()) {
    const auto entry = parse_due_key(view(due->at->key()));
    if (!entry || entry->key != key) continue;
    was_queued = true;
    (void)batch.SingleDelete(due->inside.family(Family::due), due->at->key());
  }
  const auto by_domain = engine.range(Family::due_domain, "", "", true);
  for (; by_domain->at->Valid(); by_domain->at->Next()) {
    const auto entry = parse_due_domain_key(view(by_domain->at->key()));
    if (entry && entry->key == key)
      (void)batch.SingleDelete(by_domain->inside.family(Family::due_domain), by_domain->at->key());
  }
  return was_queued;
}

}  // namespace

void Committer::set_aside_recipient(const Engine::Inside& inside, RecipientKey key,
                                    rocksdb::WriteBatch& batch, Counters& counters) {
  const auto stored_key = recipient_key(key);
  std::string value;
  const auto found = engine_.get(Family::recipient, stored_key.view(), value);
  if (!found || !*found) return;
  const auto record = decode_recipient(stored_key.view(), value);
  bool was_queued = false;
  if (record) {
    const Time at = index_time(record->state, record->next_attempt);
    was_queued = record->state == State::queued;
    if (was_queued) (void)batch.SingleDelete(inside.family(Family::due), slice(due_key(at, key).view()));
    const std::string by_domain = due_domain_key(record->recipient.address.domain.text(), at, key);
    (void)batch.SingleDelete(inside.family(Family::due_domain), slice(by_domain));
  } else {
    was_queued = drop_due_entries(engine_, batch, key);
  }
  move_aside(inside, batch, Family::recipient, stored_key.view(), value);
  uint64_t& counted = was_queued ? counters.recipients_queued : counters.recipients_held;
  if (counted > 0) --counted;
  Event event;
  event.time = clock_.now();
  event.message = key.message;
  event.recipient = key.index;
  event.kind = EventKind::set_aside;
  if (record) event.address = record->recipient.address.to_string();
  event.detail = record ? "its message's record is damaged" : record.error().what;
  const auto line = ledger_key(key.message, ++counters.ledger_sequence);
  (void)batch.Put(inside.family(Family::ledger), slice(line.view()),
                  slice(encode(line.view(), LedgerEntry{event, 0})));
  log::error("set aside", {{"id", key.message}, {"recipient", key.index}, {"why", event.detail}});
}

void Committer::set_aside_damaged(RecipientKey key) {
  rocksdb::WriteBatch batch;
  uint64_t built_at = 0;
  std::optional<Counters> counters;
  if (const auto inside = engine_.enter(); inside) {
    built_at = engine_.reopened();
    notice_reopening(built_at);
    counters = gather_damaged(inside, key.message, batch);
  }
  if (!counters) return;  // somebody was here before us
  // When it can't be written, it will be met and set aside again.
  if (!engine_.write(batch, Engine::Sync::yes, built_at).ok()) return;
  counters_ = *counters;
  hot_.erase(key.message);
  publish(0);
}

/// The counters as they are when `batch` has been written; none when there is nothing to do.
std::optional<Counters> Committer::gather_damaged(const Engine::Inside& inside, MessageId id,
                                                  rocksdb::WriteBatch& batch) {
  Counters counters = counters_;
  const auto id_key = message_key(id);
  std::string value;
  const auto found = engine_.get(Family::message, id_key.view(), value);
  if (!found) return std::nullopt;
  const bool message_damaged = *found && !decode_message(id_key.view(), value);
  size_t left = 0;
  const auto range = engine_.range(Family::recipient, std::string(id_key.view()),
                                   std::string(message_key({id.value + 1}).view()));
  for (; range->at->Valid(); range->at->Next()) {
    const auto one = parse_recipient_key(view(range->at->key()));
    if (!one) continue;
    const bool damaged = !decode_recipient(view(range->at->key()), view(range->at->value()));
    if (message_damaged || damaged) {
      set_aside_recipient(inside, *one, batch, counters);
    } else {
      ++left;
    }
  }
  if (batch.Count() == 0 && !message_damaged) return std::nullopt;
  if (*found && left == 0) {
    move_aside(inside, batch, Family::message, id_key.view(), value);
    if (counters.messages > 0) --counters.messages;
  }
  (void)batch.Put(inside.family(Family::meta), "counters", encode("counters", counters));
  return counters;
}

}  // namespace waybill::queue::rocks
