// rocks_list.cc: listing and counting by a Selector, in order of message id, one page in memory at a time.
#include <algorithm>
#include <queue>

#include "queue/rocks_core.h"

namespace waybill::queue {

using rocks::Family;
using rocks::view;

namespace {

bool needs_message(const Selector& selector) {
  return !selector.sender.empty() || selector.older_than || selector.younger_than;
}

/// Walks the recipients that a selector may mean and hands on those it does mean.
class Walk {
 public:
  Walk(const RocksStore& store, const rocks::Core& core, const Selector& selector, Time now)
      : store_(store), core_(core), selector_(selector), now_(now) {}

  /// `found` returns false to stop. Message records are loaded only when the selector or the caller needs
  /// them.
  template <class Found>
  Status run(std::optional<RecipientKey> after, bool with_message, Found found);
  /// The same for keys that an index gave.
  template <class Found>
  Status visit(const std::vector<RecipientKey>& keys, bool with_message, Found found);

 private:
  template <class Found>
  Result<bool> one(RecipientKey key, RecipientRecord record, bool with_message, Found& found);

  const RocksStore& store_;
  const rocks::Core& core_;
  const Selector& selector_;
  Time now_;
  std::optional<MessageRecord> message_;
  MessageRecord bare_;
};

template <class Found>
Result<bool> Walk::one(RecipientKey key, RecipientRecord record, bool with_message, Found& found) {
  const MessageRecord* message = nullptr;
  if (needs_message(selector_)) {
    if (!message_ || message_->id != key.message) {
      auto read = store_.message(key.message);
      if (!read && read.error().code != Errc::corrupt) return pass(read.error());
      if (!read || !*read) return true;  // damaged (and named) or just ended
      message_ = std::move(*read);
    }
    message = &*message_;
  } else {
    bare_.id = key.message;
    message = &bare_;
  }
  if (!selector_.matches(*message, record, now_)) return true;
  if (with_message && (!message_ || message_->id != key.message)) {
    auto read = store_.message(key.message);
    if (!read && read.error().code != Errc::corrupt) return pass(read.error());
    if (!read || !*read) return true;
    message_ = std::move(*read);
  }
  return found(key, with_message ? &*message_ : nullptr, std::move(record));
}

template <class Found>
Status Walk::run(std::optional<RecipientKey> after, bool with_message, Found found) {
  std::string from;
  std::string to;
  if (selector_.message) {
    from = message_key(*selector_.message).view();
    to = message_key({selector_.message->value + 1}).view();
  }
  if (after) from = std::max(from, std::string(recipient_key(*after).view()) + '\0');
  const auto range = core_.engine->range(Family::recipient, from, to, !selector_.message);
  for (; range->at->Valid(); range->at->Next()) {
    if (const Status may = core_.engine->may_scan(); !may) return may;
    const auto key = parse_recipient_key(view(range->at->key()));
    if (!key) continue;
    auto record = decode_recipient(view(range->at->key()), view(range->at->value()));
    if (!record) {
      (void)core_.damaged(*key, record.error());
      continue;
    }
    const auto more = one(*key, std::move(*record), with_message, found);
    if (!more) return pass(more.error());
    if (!*more) return {};
  }
  if (!range->at->status().ok())
    return std::unexpected(rocks::error_of(range->at->status(), "cannot list recipients"));
  return {};
}

template <class Found>
Status Walk::visit(const std::vector<RecipientKey>& keys, bool with_message, Found found) {
  for (const RecipientKey key : keys) {
    auto record = store_.recipient(key);
    if (!record || !*record) continue;
    const auto more = one(key, std::move(**record), with_message, found);
    if (!more) return pass(more.error());
    if (!*more) return {};
  }
  return {};
}

/// The `max` smallest recipients of one domain after `after`: a pass over its index keys with a bounded heap.
Result<std::vector<RecipientKey>> first_in_domain(const rocks::Core& core, const std::string& domain,
                                                  std::optional<RecipientKey> after, size_t max) {
  std::priority_queue<RecipientKey> smallest;
  const std::string prefix = due_domain_prefix(domain);
  std::string end(domain);
  end.push_back('\x01');
  const auto range = core.engine->range(Family::due_domain, prefix, end, true);
  for (; range->at->Valid(); range->at->Next()) {
    const std::string_view raw = view(range->at->key());
    if (raw.size() != prefix.size() + 20) continue;
    const auto entry = parse_due_key(raw.substr(prefix.size()));
    if (!entry || (after && entry->key <= *after)) continue;
    if (smallest.size() < max) {
      smallest.push(entry->key);
    } else if (entry->key < smallest.top()) {
      smallest.pop();
      smallest.push(entry->key);
    }
  }
  if (!range->at->status().ok())
    return std::unexpected(rocks::error_of(range->at->status(), "cannot read the domain index"));
  std::vector<RecipientKey> out(smallest.size());
  for (size_t i = out.size(); i-- > 0; smallest.pop()) out[i] = smallest.top();
  return out;
}

bool one_domain(const Selector& selector) {
  return !selector.message && !selector.domain.empty() && !selector.domain.starts_with("*.");
}

/// Nothing but one domain is asked for: its index entries are the answer, and no record is read.
bool only_domain(const Selector& selector) {
  Selector rest = selector;
  rest.domain.clear();
  return one_domain(selector) && rest.empty();
}

Result<uint64_t> count_index(const rocks::Core& core, const std::string& domain) {
  uint64_t total = 0;
  const std::string prefix = due_domain_prefix(domain);
  std::string end(domain);
  end.push_back('\x01');
  const auto range = core.engine->range(Family::due_domain, prefix, end, true);
  for (; range->at->Valid(); range->at->Next())
    total += range->at->key().size() == prefix.size() + 20 ? 1 : 0;
  if (!range->at->status().ok())
    return std::unexpected(rocks::error_of(range->at->status(), "cannot read the domain index"));
  return total;
}

constexpr size_t kIndexPage = 4096;

/// The next recipients of `selector`'s domain, page by page of its index, until `found` says stop.
template <class Found>
Status walk_domain(Walk& walk, const rocks::Core& core, const Selector& selector,
                   std::optional<RecipientKey> after, bool with_message, Found found) {
  bool more = true;
  while (more) {
    const auto keys = first_in_domain(core, to_lower(selector.domain), after, kIndexPage);
    if (!keys) return pass(keys.error());
    if (keys->empty()) return {};
    const auto seen = walk.visit(*keys, with_message,
                                 [&](RecipientKey key, const MessageRecord* message, RecipientRecord record) {
                                   return more = found(key, message, std::move(record));
                                 });
    if (!seen) return seen;
    if (keys->size() < kIndexPage) return {};
    after = keys->back();
  }
  return {};
}

}  // namespace

Result<Page> RocksStore::list(const Selector& selector, Time now, std::optional<RecipientKey> after,
                              size_t max) const {
  Page page;
  if (max == 0) return page;
  Walk walk(*this, *core_, selector, now);
  const auto take = [&](RecipientKey key, const MessageRecord* message, RecipientRecord record) {
    if (page.rows.size() == max) {
      page.next = RecipientKey{page.rows.back().message.id, page.rows.back().index};
      return false;
    }
    page.rows.push_back({*message, key.index, std::move(record)});
    return true;
  };
  const auto done = one_domain(selector) ? walk_domain(walk, *core_, selector, after, true, take)
                                         : walk.run(after, true, take);
  if (!done) return pass(done.error());
  return page;
}

Result<uint64_t> RocksStore::count(const Selector& selector, Time now) const {
  if (selector.empty()) {
    const auto counters = core_->committer->published().counters;
    return counters.recipients_queued + counters.recipients_held;
  }
  if (only_domain(selector)) return count_index(*core_, to_lower(selector.domain));
  uint64_t total = 0;
  Walk walk(*this, *core_, selector, now);
  const auto one = [&total](RecipientKey, const MessageRecord*, const RecipientRecord&) {
    ++total;
    return true;
  };
  // One pass in id order reads each record once; the index pays only when the domain is a small part.
  const auto done = walk.run(std::nullopt, false, one);
  if (!done) return pass(done.error());
  return total;
}

}  // namespace waybill::queue
