// rocks_reads.cc: reading single records and the due index.
#include "queue/rocks_core.h"

namespace waybill::queue {

using rocks::Family;
using rocks::view;

namespace {
std::string after_message(MessageId id) { return std::string(message_key({id.value + 1}).view()); }
std::string text(std::string_view bytes) { return std::string(bytes); }
/// The smallest key that is greater than `key`.
std::string next_key(std::string_view key) {
  std::string out(key);
  out.push_back('\0');
  return out;
}
}  // namespace

Result<std::optional<MessageRecord>> RocksStore::message(MessageId id) const {
  std::string value;
  const auto key = message_key(id);
  const auto found = core_->engine->get(Family::message, key.view(), value);
  if (!found) return pass(found.error());
  if (!*found) return std::nullopt;
  auto record = decode_message(key.view(), value);
  if (!record) return std::unexpected(core_->damaged({id, 0}, record.error()));
  return std::move(*record);
}

Result<std::optional<RecipientRecord>> RocksStore::recipient(RecipientKey which) const {
  std::string value;
  const auto key = recipient_key(which);
  const auto found = core_->engine->get(Family::recipient, key.view(), value);
  if (!found) return pass(found.error());
  if (!*found) return std::nullopt;
  auto record = decode_recipient(key.view(), value);
  if (!record) return std::unexpected(core_->damaged(which, record.error()));
  return std::move(*record);
}

Result<std::vector<std::pair<uint32_t, RecipientRecord>>> RocksStore::recipients(MessageId id) const {
  std::vector<std::pair<uint32_t, RecipientRecord>> out;
  const auto range = core_->engine->range(Family::recipient, text(message_key(id).view()), after_message(id));
  for (; range->at->Valid(); range->at->Next()) {
    const auto key = parse_recipient_key(view(range->at->key()));
    if (!key) continue;
    auto record = decode_recipient(view(range->at->key()), view(range->at->value()));
    if (record) {
      out.emplace_back(key->index, std::move(*record));
    } else {
      (void)core_->damaged(*key, record.error());  // it does not stop the others
    }
  }
  if (!range->at->status().ok())
    return std::unexpected(rocks::error_of(range->at->status(), "cannot read recipients"));
  return out;
}

Result<Chunk> RocksStore::chunk(MessageId id, uint32_t n) const {
  std::string value;
  const auto key = body_key(id, n);
  const auto found = core_->engine->get(Family::body, key.view(), value);
  if (!found) return pass(found.error());
  if (!*found) return fail(Errc::not_found, "message {} has no chunk {}", id.to_string(), n);
  const auto payload = decode_body(key.view(), value);
  if (!payload) return pass(payload.error(), fmt::format("chunk {} of message {}", n, id.to_string()));
  value.erase(0, value.size() - payload->size());
  return Chunk(std::move(value));
}

Result<std::vector<Due>> RocksStore::due(std::optional<Due> after, Time until, size_t max) const {
  std::vector<Due> out;
  const auto look = core_->engine->due_floor.look();
  std::string from = text(due_key(look.from, {{0}, 0}).view());
  if (after) from = std::max(from, next_key(due_key(after->at, after->key).view()));
  // Inclusive: to the end of the last key that `until` can have.
  const std::string to = next_key(due_key(until, {{UINT64_MAX}, UINT32_MAX}).view());
  const auto range = core_->engine->range(Family::due, from, to);
  for (; range->at->Valid() && out.size() < max; range->at->Next()) {
    const auto key = parse_due_key(view(range->at->key()));
    if (!key) continue;
    if (auto domain = decode_due(view(range->at->key()), view(range->at->value()))) {
      out.push_back({key->at, key->key, std::move(*domain)});
    } else if (const auto record = recipient(key->key); record && *record) {
      // The entry is damaged, the recipient is not: it says itself what its domain is.
      out.push_back({key->at, key->key, (*record)->recipient.address.domain.text()});
    }
  }
  if (!range->at->status().ok())
    return std::unexpected(rocks::error_of(range->at->status(), "cannot read the due index"));
  if (!after && max > 0) core_->engine->due_floor.raise(look, out.empty() ? until : out.front().at);
  return out;
}

Result<std::vector<Due>> RocksStore::due_in_domain(const std::string& domain, std::optional<Due> after,
                                                   Time until, size_t max) const {
  std::vector<Due> out;
  std::string from = due_domain_prefix(domain);
  if (after) from = std::max(from, next_key(due_domain_key(domain, after->at, after->key)));
  // Held recipients stand at kHeldAt and are never due.
  const Time last = std::min(until, kHeldAt - Millis{1});
  const auto range = core_->engine->range(Family::due_domain, from,
                                          next_key(due_domain_key(domain, last, {{UINT64_MAX}, UINT32_MAX})));
  for (; range->at->Valid() && out.size() < max; range->at->Next()) {
    if (auto entry = parse_due_domain_key(view(range->at->key()))) out.push_back(std::move(*entry));
  }
  if (!range->at->status().ok())
    return std::unexpected(rocks::error_of(range->at->status(), "cannot read the domain index"));
  return out;
}

Result<std::optional<Time>> RocksStore::next_due() const {
  const auto first = due(std::nullopt, kHeldAt - Millis{1}, 1);
  if (!first) return pass(first.error());
  if (first->empty()) return std::nullopt;
  return first->front().at;
}

Result<std::vector<Event>> RocksStore::events(MessageId id) const {
  std::vector<Event> out;
  const auto range = core_->engine->range(Family::ledger, text(message_key(id).view()), after_message(id));
  for (; range->at->Valid(); range->at->Next()) {
    auto entry = decode_event(view(range->at->key()), view(range->at->value()));
    if (!entry) {
      // A trace with a gap is better than none; custody verify names it as a fault.
      entry = LedgerEntry{};
      entry->event.kind = EventKind::set_aside;
      entry->event.detail = "a damaged ledger line";
    }
    entry->event.message = id;
    out.push_back(std::move(entry->event));
  }
  if (!range->at->status().ok())
    return std::unexpected(rocks::error_of(range->at->status(), "cannot read the ledger"));
  return out;
}

}  // namespace waybill::queue
