#include "queue/memory_store.h"

#include <algorithm>

#include "queue/ledger.h"

namespace waybill::queue {

void MemoryStore::fail_commit(uint64_t n, Error error) {
  const std::lock_guard lock(mutex_);
  fail_at_ = commits_ + n;
  fail_with_ = std::move(error);
}
void MemoryStore::fail_disk(Error error) {
  const std::lock_guard lock(mutex_);
  disk_ = std::move(error);
}
void MemoryStore::recover_disk() {
  const std::lock_guard lock(mutex_);
  disk_.reset();
}
size_t MemoryStore::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}
void MemoryStore::damage(RecipientKey key) {
  const std::lock_guard lock(mutex_);
  damaged_.insert(key);
}

void MemoryStore::sync() {
  decltype(waiting_) batch;
  std::vector<Status> answers;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(waiting_);
    for (const auto& [transaction, done] : batch) answers.push_back(apply(*transaction));
  }
  // Outside the lock: what is called may commit again.
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].second) batch[i].second(std::move(answers[i]));
  }
}

void MemoryStore::crash() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  for (const MessageId id : spilled_) {
    chunks_.erase(chunks_.lower_bound({id, 0}), chunks_.upper_bound({id, UINT32_MAX}));
  }
  spilled_.clear();
}

Status MemoryStore::put_chunk(MessageId id, uint32_t n, const Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  if (chunk.size() > kChunkOctetsMax)
    return fail(Errc::invalid, "a chunk of {} octets is too long", chunk.size());
  if (disk_) return std::unexpected(*disk_);
  chunks_[{id, n}] = chunk;
  spilled_.insert(id);
  return {};
}

void MemoryStore::discard(MessageId id, uint32_t chunk_count) {
  const std::lock_guard lock(mutex_);
  for (uint32_t n = 0; n < chunk_count; ++n) chunks_.erase({id, n});
  spilled_.erase(id);
}

void MemoryStore::commit(std::shared_ptr<const Transaction> transaction, Committed done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(transaction), std::move(done));
  }
  if (sync_ == Sync::at_once) sync();
}

Status MemoryStore::check(const Transaction& transaction) const {
  std::set<MessageId> fresh;
  for (const NewMessage& added : transaction.messages) {
    if (auto good = validate(added); !good) return good;
    if (messages_.contains(added.message.id) || !fresh.insert(added.message.id).second) {
      return fail(Errc::exists, "message {} is in the spool already", added.message.id.to_string());
    }
  }
  if (auto good = validate(transaction.changes); !good) return good;
  for (const Change& change : transaction.changes) {
    const auto at = recipients_.find(change.key);
    if (at == recipients_.end()) {
      return fail(Errc::not_found, "there is no open recipient {}/{}", change.key.message.to_string(),
                  change.key.index);
    }
    if (at->second.recipient.address.domain != change.after.recipient.address.domain) {
      return fail(Errc::invalid, "a change names another domain");
    }
  }
  return {};
}

Status MemoryStore::apply(const Transaction& transaction) {
  ++commits_;
  if (disk_) return std::unexpected(*disk_);
  if (commits_ == fail_at_) return std::unexpected(fail_with_);
  if (auto good = check(transaction); !good) return good;
  for (const NewMessage& added : transaction.messages) apply(added);
  for (const Change& change : transaction.changes) apply(change);
  for (const Event& event : transaction.events) ledger_.emplace(event.message, Line{event, 0});
  ++transactions_;
  return {};
}

void MemoryStore::apply(const NewMessage& added) {
  const MessageId id = added.message.id;
  messages_[id] = added.message;
  messages_[id].envelope.recipients.clear();
  for (size_t i = 0; i < added.chunks.size(); ++i)
    chunks_[{id, added.first_chunk + static_cast<uint32_t>(i)}] = added.chunks[i];
  spilled_.erase(id);
  for (uint32_t index = 0; index < added.recipients.size(); ++index) {
    recipients_[{id, index}] = added.recipients[index];
    enter({id, index}, added.recipients[index]);
  }
  highest_ = std::max(highest_, id);
  ledger_.emplace(id, Line{accepted_event(added), added.message.recipient_count});
}

void MemoryStore::apply(const Change& change) {
  const auto at = recipients_.find(change.key);
  leave(change.key, at->second);
  ledger_.emplace(change.key.message, Line{change.event, 0});
  if (!is_final(change.after.state)) {
    at->second = change.after;
    enter(change.key, change.after);
    return;
  }
  recipients_.erase(at);
  const auto next = recipients_.lower_bound({change.key.message, 0});
  if (next == recipients_.end() || next->first.message != change.key.message) end_message(change.key.message);
}

void MemoryStore::end_message(MessageId id) {
  messages_.erase(id);
  chunks_.erase(chunks_.lower_bound({id, 0}), chunks_.upper_bound({id, UINT32_MAX}));
}

void MemoryStore::enter(RecipientKey key, const RecipientRecord& record) {
  if (record.state != State::queued) return;
  const std::string& domain = record.recipient.address.domain.text();
  due_[{record.next_attempt, key}] = domain;
  by_domain_[domain].insert({record.next_attempt, key});
}

void MemoryStore::leave(RecipientKey key, const RecipientRecord& record) {
  due_.erase({record.next_attempt, key});
  const auto at = by_domain_.find(record.recipient.address.domain.text());
  if (at == by_domain_.end()) return;
  at->second.erase({record.next_attempt, key});
  if (at->second.empty()) by_domain_.erase(at);
}

Result<std::optional<MessageRecord>> MemoryStore::message(MessageId id) const {
  const std::lock_guard lock(mutex_);
  const auto at = messages_.find(id);
  if (at == messages_.end()) return std::nullopt;
  return at->second;
}

Result<std::optional<RecipientRecord>> MemoryStore::recipient(RecipientKey key) const {
  const std::lock_guard lock(mutex_);
  if (damaged_.contains(key))
    return fail(Errc::corrupt, "{}/{}: damaged", key.message.to_string(), key.index);
  const auto at = recipients_.find(key);
  if (at == recipients_.end()) return std::nullopt;
  return at->second;
}

Result<std::vector<std::pair<uint32_t, RecipientRecord>>> MemoryStore::recipients(MessageId id) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<uint32_t, RecipientRecord>> out;
  for (auto at = recipients_.lower_bound({id, 0}); at != recipients_.end() && at->first.message == id; ++at) {
    if (!damaged_.contains(at->first)) out.emplace_back(at->first.index, at->second);
  }
  return out;
}

Result<Chunk> MemoryStore::chunk(MessageId id, uint32_t n) const {
  const std::lock_guard lock(mutex_);
  const auto at = chunks_.find({id, n});
  if (at == chunks_.end()) return fail(Errc::not_found, "message {} has no chunk {}", id.to_string(), n);
  return at->second;
}

Result<std::vector<Due>> MemoryStore::due(std::optional<Due> after, Time until, size_t max) const {
  const std::lock_guard lock(mutex_);
  std::vector<Due> out;
  auto at = after ? due_.upper_bound({after->at, after->key}) : due_.begin();
  for (; at != due_.end() && std::get<0>(at->first) <= until && out.size() < max; ++at) {
    out.push_back({std::get<0>(at->first), std::get<1>(at->first), at->second});
  }
  return out;
}

Result<std::vector<Due>> MemoryStore::due_in_domain(const std::string& domain, std::optional<Due> after,
                                                    Time until, size_t max) const {
  const std::lock_guard lock(mutex_);
  std::vector<Due> out;
  const auto found = by_domain_.find(domain);
  if (found == by_domain_.end()) return out;
  auto at = after ? found->second.upper_bound({after->at, after->key}) : found->second.begin();
  for (; at != found->second.end() && std::get<0>(*at) <= until && out.size() < max; ++at) {
    out.push_back({std::get<0>(*at), std::get<1>(*at), domain});
  }
  return out;
}

Result<std::optional<Time>> MemoryStore::next_due() const {
  const std::lock_guard lock(mutex_);
  if (due_.empty()) return std::nullopt;
  return std::get<0>(due_.begin()->first);
}

Result<Page> MemoryStore::list(const Selector& selector, Time now, std::optional<RecipientKey> after,
                               size_t max) const {
  const std::lock_guard lock(mutex_);
  Page page;
  if (max == 0) return page;
  for (auto at = after ? recipients_.upper_bound(*after) : recipients_.begin(); at != recipients_.end();
       ++at) {
    const auto message = messages_.find(at->first.message);
    if (message == messages_.end() || damaged_.contains(at->first)) continue;
    if (!selector.matches(message->second, at->second, now)) continue;
    if (page.rows.size() == max) {
      page.next = RecipientKey{page.rows.back().message.id, page.rows.back().index};
      break;
    }
    page.rows.push_back({message->second, at->first.index, at->second});
  }
  return page;
}

Result<uint64_t> MemoryStore::count(const Selector& selector, Time now) const {
  const auto all = list(selector, now, std::nullopt, SIZE_MAX);
  if (!all) return pass(all.error());
  return all->rows.size();
}

Result<std::vector<Event>> MemoryStore::events(MessageId id) const {
  const std::lock_guard lock(mutex_);
  std::vector<Event> out;
  const auto [from, to] = ledger_.equal_range(id);
  for (auto at = from; at != to; ++at) out.push_back(at->second.event);
  return out;
}

Result<CustodyReport> MemoryStore::verify_custody() const {
  const std::lock_guard lock(mutex_);
  std::set<MessageId> all;
  for (const auto& [id, line] : ledger_) all.insert(id);
  for (const auto& [key, record] : recipients_) all.insert(key.message);
  Auditor auditor;
  for (const MessageId id : all) {
    const auto [from, to] = ledger_.equal_range(id);
    for (auto at = from; at != to; ++at) auditor.event(at->second.event, at->second.accepted_recipients);
    for (auto at = recipients_.lower_bound({id, 0}); at != recipients_.end() && at->first.message == id;
         ++at) {
      auditor.open(at->first.index);
      if (at->second.state == State::queued && !due_.contains({at->second.next_attempt, at->first})) {
        auditor.fault(fmt::format("recipient {}/{} is queued, yet not in the due index", id.to_string(),
                                  at->first.index));
      }
      if (!messages_.contains(id))
        auditor.fault(fmt::format("message {} has open recipients, yet no record", id.to_string()));
    }
    auditor.close(id);
  }
  return auditor.take();
}

Result<uint64_t> MemoryStore::prune_ledger(Time before) {
  const std::lock_guard lock(mutex_);
  uint64_t removed = 0;
  for (auto at = ledger_.begin(); at != ledger_.end() && at->first.time() < before;) {
    const auto [from, to] = ledger_.equal_range(at->first);
    const bool young =
        std::any_of(from, to, [before](const auto& line) { return line.second.event.time >= before; });
    if (young || messages_.contains(at->first)) {
      at = to;
      continue;
    }
    removed += static_cast<uint64_t>(std::distance(from, to));
    at = ledger_.erase(from, to);
  }
  return removed;
}

MessageId MemoryStore::highest_id() const {
  const std::lock_guard lock(mutex_);
  return highest_;
}

StoreStats MemoryStore::stats() const {
  const std::lock_guard lock(mutex_);
  StoreStats out;
  out.messages = messages_.size();
  for (const auto& [key, record] : recipients_)
    ++(record.state == State::held ? out.recipients_held : out.recipients_queued);
  out.commits = commits_;
  out.transactions = transactions_;
  if (!messages_.empty()) out.oldest_arrival = messages_.begin()->second.arrived;
  return out;
}

}  // namespace waybill::queue
