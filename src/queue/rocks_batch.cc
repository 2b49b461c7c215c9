#include "queue/rocks_batch.h"

#include "queue/ledger.h"

namespace waybill::queue::rocks {
namespace {
size_t hash_of(const mail::Domain& domain) { return std::hash<std::string>{}(domain.text()); }
std::string name_of(RecipientKey key) { return fmt::format("{}/{}", key.message.to_string(), key.index); }
}  // namespace

Status Batch::add(const Transaction& transaction) {
  for (size_t i = 0; i < transaction.messages.size(); ++i) {
    if (auto good = check(transaction.messages[i]); !good) return good;
    for (size_t k = 0; k < i; ++k) {
      if (transaction.messages[k].message.id == transaction.messages[i].message.id) {
        return fail(Errc::exists, "message {} is in one transaction twice",
                    transaction.messages[i].message.id.to_string());
      }
    }
  }
  if (auto good = validate(transaction.changes); !good) return good;
  for (const Change& change : transaction.changes) {
    if (auto good = check(change); !good) return good;
  }
  for (const NewMessage& added : transaction.messages) apply(added);
  for (const Change& change : transaction.changes) apply(change);
  for (const Event& event : transaction.events) log(event);
  return {};
}

Status Batch::check(const NewMessage& added) {
  if (auto good = validate(added); !good) return good;
  const MessageId id = added.message.id;
  bool exists = hot_.find(id) != nullptr;
  if (!exists && hot_.may_have_forgotten(id)) {
    std::string value;
    const auto found = engine_.get(Family::message, message_key(id).view(), value);
    if (!found) return pass(found.error());
    exists = *found;
  }
  if (exists) return fail(Errc::exists, "message {} is in the spool already", id.to_string());
  return check_spilled(added);
}

// Chunks are spilled without a sync, and stand before the message in the log: whatever makes the message
// durable makes them so. Only a reopening in between can lose them.
Status Batch::check_spilled(const NewMessage& added) {
  if (built_at_ == 0) return {};
  for (uint32_t n = 0; n < added.first_chunk; ++n) {
    std::string value;
    const auto found = engine_.get(Family::body, body_key(added.message.id, n).view(), value);
    if (!found) return pass(found.error());
    if (!*found) {
      return fail(Errc::io, "chunk {} of message {} was lost when the spool was opened again", n,
                  added.message.id.to_string());
    }
  }
  return {};
}

Result<HotMessage*> Batch::load(MessageId id) {
  if (HotMessage* known = hot_.find(id)) return known;
  std::string value;
  const auto key = message_key(id);
  const auto found = engine_.get(Family::message, key.view(), value);
  if (!found) return pass(found.error());
  if (!*found) return nullptr;
  const auto record = decode_message(key.view(), value);
  if (!record) return pass(record.error(), fmt::format("message {}", id.to_string()));
  HotMessage message{.chunk_count = record->chunk_count, .recipients = {}};
  const auto range = engine_.range(Family::recipient, std::string(key.view()),
                                   std::string(message_key({id.value + 1}).view()));
  for (; range->at->Valid(); range->at->Next()) {
    const auto one = parse_recipient_key(view(range->at->key()));
    if (!one) continue;
    const auto decoded = decode_recipient(view(range->at->key()), view(range->at->value()));
    HotRecipient& hot = message.recipients.emplace_back();
    hot.index = one->index;
    hot.damaged = !decoded;
    if (!decoded) continue;
    hot.state = decoded->state;
    hot.next_attempt = decoded->next_attempt;
    hot.domain_hash = hash_of(decoded->recipient.address.domain);
  }
  if (!range->at->status().ok())
    return std::unexpected(error_of(range->at->status(), "cannot read recipients"));
  message.open_left = static_cast<uint32_t>(message.recipients.size());
  if (message.open_left == 0) return nullptr;
  return &hot_.put(id, std::move(message));
}

Status Batch::check(const Change& change) {
  const auto message = load(change.key.message);
  if (!message) return pass(message.error());
  const HotRecipient* one = *message == nullptr ? nullptr : (*message)->find(change.key.index);
  if (one == nullptr) return fail(Errc::not_found, "there is no open recipient {}", name_of(change.key));
  if (is_final(one->state))
    return fail(Errc::not_found, "recipient {} has ended as {}", name_of(change.key), to_string(one->state));
  if (one->damaged) return fail(Errc::corrupt, "the record of recipient {} is damaged", name_of(change.key));
  // The indexes are keyed by the domain; a change of domain would leave an entry behind for ever.
  if (one->domain_hash != hash_of(change.after.recipient.address.domain)) {
    return fail(Errc::invalid, "a change to recipient {} names another domain", name_of(change.key));
  }
  return {};
}

// One put each for the message, its body (a chunk), its ledger line; three for a recipient: record, due,
// domain.
void Batch::apply(const NewMessage& added) {
  const MessageId id = added.message.id;
  const auto key = message_key(id);
  put(Family::message, key.view(), encode(key.view(), added.message));
  for (size_t i = 0; i < added.chunks.size(); ++i) {
    const auto chunk_key = body_key(id, added.first_chunk + static_cast<uint32_t>(i));
    const std::string_view payload = added.chunks[i].view();
    const std::string header = encode_body_header(chunk_key.view(), payload);
    const rocksdb::Slice key_part = slice(chunk_key.view());
    const std::array<rocksdb::Slice, 2> value_parts{slice(header), slice(payload)};
    (void)batch_.Put(inside_.family(Family::body), rocksdb::SliceParts(&key_part, 1),
                     rocksdb::SliceParts(value_parts.data(), 2));
  }
  // The marker of a body that was still coming in; from now on the message names its chunks.
  if (added.first_chunk > 0) (void)batch_.Delete(inside_.family(Family::spill), slice(key.view()));

  HotMessage hot{.chunk_count = added.message.chunk_count,
                 .open_left = static_cast<uint32_t>(added.recipients.size()),
                 .recipients = {}};
  hot.recipients.reserve(added.recipients.size());
  for (uint32_t index = 0; index < added.recipients.size(); ++index) {
    const RecipientRecord& record = added.recipients[index];
    const auto one = recipient_key({id, index});
    put(Family::recipient, one.view(), encode(one.view(), record));
    enter_index({id, index}, record.recipient.address.domain.text(), record.state, record.next_attempt);
    hot.recipients.push_back({.index = index,
                              .state = record.state,
                              .written_once = true,
                              .next_attempt = record.next_attempt,
                              .domain_hash = hash_of(record.recipient.address.domain)});
  }
  hot_.put(id, std::move(hot));
  ++counters_.messages;
  counters_.highest_id = std::max(counters_.highest_id, id.value);
  log(accepted_event(added), added.message.recipient_count);
}

void Batch::apply(const Change& change) {
  HotMessage& message = *hot_.find(change.key.message);
  HotRecipient& one = *message.find(change.key.index);
  const std::string& domain = change.after.recipient.address.domain.text();
  const auto key = recipient_key(change.key);
  const bool ends = is_final(change.after.state);
  const bool moves = ends || index_time(one.state, one.next_attempt) !=
                                 index_time(change.after.state, change.after.next_attempt);
  if (moves) leave_index(change.key, domain, one.state, one.next_attempt);
  if (ends) {
    if (one.written_once) {
      single_delete(Family::recipient, key.view());
    } else {
      (void)batch_.Delete(inside_.family(Family::recipient), slice(key.view()));
    }
    --message.open_left;
  } else {
    put(Family::recipient, key.view(), encode(key.view(), change.after));
    if (moves) enter_index(change.key, domain, change.after.state, change.after.next_attempt);
    one.written_once = false;
  }
  one.state = change.after.state;
  one.next_attempt = change.after.next_attempt;
  log(change.event);
  if (message.open_left == 0) end_message(change.key.message, message);
}

void Batch::enter_index(RecipientKey key, std::string_view domain, State state, Time next_attempt) {
  const Time at = index_time(state, next_attempt);
  if (state == State::queued) {
    const auto due = due_key(at, key);
    put(Family::due, due.view(), encode_due(due.view(), domain));
    earliest_due_ = std::min(earliest_due_, at);
    ++counters_.recipients_queued;
  } else {
    ++counters_.recipients_held;
  }
  const std::string by_domain = due_domain_key(domain, at, key);
  put(Family::due_domain, by_domain, encode_due_domain(by_domain));
}

void Batch::leave_index(RecipientKey key, std::string_view domain, State state, Time next_attempt) {
  const Time at = index_time(state, next_attempt);
  if (state == State::queued) {
    single_delete(Family::due, due_key(at, key).view());
    --counters_.recipients_queued;
  } else {
    --counters_.recipients_held;
  }
  single_delete(Family::due_domain, due_domain_key(domain, at, key));
}

void Batch::end_message(MessageId id, const HotMessage& message) {
  single_delete(Family::message, message_key(id).view());
  for (uint32_t n = 0; n < message.chunk_count; ++n) {
    // Delete, not SingleDelete: a spilled chunk may have been written twice.
    (void)batch_.Delete(inside_.family(Family::body), slice(body_key(id, n).view()));
  }
  --counters_.messages;
  ended_.push_back(id);
}

void Batch::log(const Event& event, uint32_t accepted_recipients) {
  const auto key = ledger_key(event.message, ++counters_.ledger_sequence);
  put(Family::ledger, key.view(), encode(key.view(), LedgerEntry{event, accepted_recipients}));
}

void Batch::put(Family which, std::string_view key, std::string_view value) {
  (void)batch_.Put(inside_.family(which), slice(key), slice(value));
}

// For keys that are put once and deleted once: unlike Delete it vanishes together with its put.
void Batch::single_delete(Family which, std::string_view key) {
  (void)batch_.SingleDelete(inside_.family(which), slice(key));
}

rocksdb::WriteBatch& Batch::finish() {
  put(Family::meta, "counters", encode("counters", counters_));
  inside_ = {};
  return batch_;
}

void Batch::settle() {
  for (const MessageId id : ended_) hot_.erase(id);
}

}  // namespace waybill::queue::rocks
