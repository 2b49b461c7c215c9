// operate.h: what an operator does to queued mail: each action turns rows of a listing into changes, a page
// at a time. Pure but for the scheduler's reservation, so single-threaded with it. A recipient whose attempt
// is under way is not touched: the action applies to the attempt's result (a message that was delivered in
// the meantime is delivered, not deleted).
#pragma once

#include "queue/scheduler.h"

namespace waybill::queue {

struct Action {
  enum class Kind : uint8_t { retry, hold, release, remove, reroute };
  Kind kind = Kind::retry;
  std::string who;        ///< the person who asks: the ledger names them
  std::string route_pin;  ///< reroute: "[host]:port", "host"; empty: back to the route table
};
[[nodiscard]] std::string_view to_string(Action::Kind kind);

/// What became of one page.
struct Acted {
  std::vector<Change> changes;      ///< commit these, then Scheduler::settled(changes) or abandon_all()
  std::vector<RecipientKey> later;  ///< under way: the action applies to the result
  std::vector<RecipientKey> busy;   ///< another change is being written: act on these again, shortly
  uint64_t unchanged = 0;           ///< nothing to do (a release of what is not held, …)
};

/// The change that `action` makes of one recipient; none when it makes no difference.
[[nodiscard]] std::optional<Change> change_for(const Action& action, RecipientKey key,
                                               const RecipientRecord& record, Time now);

/// Reserves and plans for the recipients of one page of Store::list(). Each is read again: what was listed
/// may have changed since. Pages of at most a few thousand keep this short.
[[nodiscard]] Acted act(Scheduler& scheduler, const Store& store, const Action& action,
                        const std::vector<RecipientKey>& keys, Time now);
[[nodiscard]] std::vector<RecipientKey> keys_of(const Page& page);
void abandon_all(Scheduler& scheduler, const std::vector<Change>& changes);

}  // namespace waybill::queue
