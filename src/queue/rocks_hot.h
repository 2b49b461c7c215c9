// rocks_hot.h: what the committer remembers of recent messages: where each open recipient stands in the
// indexes and how many are left, so that a message's end needs no read. A few dozen octets a recipient.
// Only the commit thread touches it. It also is the overlay of the batch being built: changes of one batch
// see each other here, and it is cleared when a batch fails.
#pragma once

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <vector>

#include "queue/types.h"

namespace waybill::queue::rocks {

struct HotRecipient {
  uint32_t index = 0;
  State state = State::queued;
  bool written_once = false;  ///< its record was put exactly once, so a SingleDelete may end it
  bool damaged = false;       ///< its record can't be read
  Time next_attempt{};
  size_t domain_hash = 0;
};

struct HotMessage {
  uint32_t chunk_count = 0;
  uint32_t open_left = 0;
  std::vector<HotRecipient> recipients;  ///< by index; ended ones keep their final state

  [[nodiscard]] HotRecipient* find(uint32_t index) {
    const auto at = std::ranges::lower_bound(recipients, index, {}, &HotRecipient::index);
    return at == recipients.end() || at->index != index ? nullptr : &*at;
  }
};

class Hot {
 public:
  /// `known`: the highest id that the spool had before.
  Hot(size_t recipients_max, uint64_t known) : recipients_max_(recipients_max), forgotten_(known) {}

  /// Whether a message of this id that is not here may yet be in the spool.
  [[nodiscard]] bool may_have_forgotten(MessageId id) const { return id.value <= forgotten_; }

  [[nodiscard]] HotMessage* find(MessageId id) {
    const auto at = messages_.find(id.value);
    return at == messages_.end() ? nullptr : &at->second;
  }
  HotMessage& put(MessageId id, HotMessage message) {
    recipients_ += message.recipients.size();
    age_.push_back(id.value);
    return messages_.insert_or_assign(id.value, std::move(message)).first->second;
  }
  void erase(MessageId id) {
    const auto at = messages_.find(id.value);
    if (at == messages_.end()) return;
    recipients_ -= at->second.recipients.size();
    messages_.erase(at);
  }
  /// `known`: the highest id that the spool may have.
  void clear(uint64_t known) {
    forgotten_ = std::max(forgotten_, known);
    messages_.clear();
    age_.clear();
    recipients_ = 0;
  }
  /// Between batches: forgets the oldest beyond the bound, and the names of those that ended.
  void shrink() {
    while (!age_.empty() && (recipients_ > recipients_max_ || age_.size() > 2 * messages_.size() + 1024)) {
      if (recipients_ <= recipients_max_ && messages_.contains(age_.front())) {
        age_.push_back(age_.front());  // only the list of names is too long; keep the message
      } else {
        forgotten_ = std::max(forgotten_, age_.front());
        erase({age_.front()});
      }
      age_.pop_front();
    }
  }

 private:
  size_t recipients_max_;
  size_t recipients_ = 0;
  uint64_t forgotten_;  ///< the highest id that was let go while its message stood
  std::unordered_map<uint64_t, HotMessage> messages_;
  std::deque<uint64_t> age_;
};

}  // namespace waybill::queue::rocks
