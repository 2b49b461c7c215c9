// engine.h: runs a scenario: virtual clock, DNS and hosts under the real planner, scheduler, store, delivery
// and reports. Deterministic: the same scenario and seed give the same journal. Days take a second or so.
// Call on one thread; several engines may run on several threads. No socket, no disk, no sleep.
#pragma once

#include "base/result.h"
#include "rehearse/calm.h"
#include "rehearse/journal.h"
#include "rehearse/recorder.h"
#include "rehearse/scenario.h"

namespace waybill::rehearse {

/// How a run ended.
struct Ended {
  Millis at{0};
  std::vector<std::string> custody_faults;  ///< empty: every accepted recipient is accounted for
};

/// Tells `recorder` what happens. What has ended is audited and forgotten as the run goes, so its memory is
/// that of the longest queue. Errors: invalid (an address of the scenario is none), internal (the queue
/// refused what it should take).
[[nodiscard]] Result<Ended> run(const Scenario& scenario, Recorder& recorder,
                                const CalmRule& calm = CalmRule::play_all());
/// The same with a journal of everything.
[[nodiscard]] Result<Journal> run(const Scenario& scenario);

}  // namespace waybill::rehearse
