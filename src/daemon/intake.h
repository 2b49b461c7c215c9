// intake.h: how a session's message gets into the spool, and from there to the conductor.
//
// Thread rule: as receive::Intake: called from every session's loop at once. It takes no lock but one for a
// pointer.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/id.h"
#include "base/published.h"
#include "bounce/report.h"
#include "config/config.h"
#include "daemon/commit_clock.h"
#include "daemon/counters.h"
#include "daemon/local_mail.h"
#include "handover/expansions.h"
#include "queue/store.h"
#include "receive/intake.h"

namespace waybill::daemon {

using handover::Fresh;  ///< what the conductor learns of a message that is durable now

class SpoolIntake final : public receive::Intake {
 public:
  /// Called on the store's commit thread, after the sync.
  using Announce = std::function<void(Fresh)>;
  SpoolIntake(queue::Store& store, IdSource& ids, const Clock& clock, Counters& counters,
              CommitClock& commits, Announce announce);

  /// How reports are made, and who receives them. Before the first message, and at every reload; thread-safe.
  struct Settings {
    bounce::Settings bounce;
    std::shared_ptr<const LocalMail> local = std::make_shared<const LocalMail>();
  };
  void configure(Settings settings);

  MessageId begin() override;
  Status spill(MessageId id, uint32_t n, Chunk chunk) override;
  void commit(receive::Accepted message, std::move_only_function<void(Status)> done) override;
  void abandon(MessageId id, uint32_t chunks) override;

 private:
  handover::Reports add_expansions(const Fresh& fresh, const std::vector<mail::Expanded>& expanded,
                                   const Settings& settings, Time now, queue::Transaction& transaction);

  queue::Store& store_;
  IdSource& ids_;
  const Clock& clock_;
  Counters& counters_;
  CommitClock& commits_;
  Announce announce_;
  Published<const Settings> settings_{std::make_shared<const Settings>()};
};

}  // namespace waybill::daemon
