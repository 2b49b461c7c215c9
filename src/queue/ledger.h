// ledger.h: what the ledger's events mean for custody, the same for every store. Pure.
#pragma once

#include <map>

#include "queue/store.h"

namespace waybill::queue {

/// The line that the store writes when it takes a message into custody.
[[nodiscard]] Event accepted_event(const NewMessage& message);
/// Refuses what no store could keep: counts that don't add up, a final state at acceptance, chunks too large.
[[nodiscard]] Status validate(const NewMessage& message);
/// Refuses changes that contradict each other or their event (two ends of one recipient, an end of the wrong
/// kind).
[[nodiscard]] Status validate(const std::vector<Change>& changes);

/// The state that an event of this kind ends a recipient in; none: it ends nothing. `set_aside` ends a
/// recipient too, in no State: its record was damaged and lies in the set-aside family.
[[nodiscard]] bool ends_custody(EventKind kind);

/// How often a recipient was tried, from its message's events. An attempt leaves the reply that ended it, or
/// one of the fates that only an attempt has; an operator's word alone leaves neither.
[[nodiscard]] uint32_t attempts_of(uint32_t recipient, const std::vector<Event>& events);

/// Balances one message at a time: what was accepted against what is open and what has ended. Feed every
/// event and every open recipient of one message, then close() it.
class Auditor {
 public:
  void event(const Event& event, uint32_t accepted_recipients);
  void open(uint32_t index);
  /// A fault that the caller found itself (an index entry that is missing, a record that can't be read).
  void fault(std::string text);
  void close(MessageId id);
  [[nodiscard]] CustodyReport take() { return std::move(report_); }

 private:
  struct Fate {
    uint32_t finals = 0;
    bool open = false;
  };
  bool accepted_ = false;
  uint32_t accepted_recipients_ = 0;
  std::map<uint32_t, Fate> fates_;
  CustodyReport report_;
};

}  // namespace waybill::queue
