// overload.h: the level of load shedding that policy/pressure.h decides, where sessions can read it: one
// atomic word, no lock and no system call for a message. Counts whom it told to come back, logs every change
// of level with what can be done about it, and tells all of it to `waybill status`.
//
// Thread rule: configure(), take() and status() on the control loop; the rest on any thread.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "base/published.h"
#include "config/config.h"
#include "control/types.h"
#include "daemon/commit_clock.h"
#include "daemon/counters.h"
#include "policy/pressure.h"

namespace waybill::daemon {

class Overload {
 public:
  explicit Overload(const Clock& clock);

  /// At the start and at every reload. `reserve_octets`: the disk's, as the open spool has it.
  void configure(const config::Config& config, uint64_t reserve_octets);
  /// What is to be compared with what, read from the machine now. `queued`: recipients waiting.
  [[nodiscard]] policy::PressureReadings read(uint64_t queued);
  /// One step of the decision; true if strangers' sessions have to go now.
  bool take(const policy::PressureReadings& readings);

  /// Whether anybody is told to come back: sessions need not say who they are as long as nobody is.
  [[nodiscard]] bool sheds() const { return shed_.load(std::memory_order_relaxed) != 0; }
  /// MAIL or RCPT: the reply that puts it off, if it must be.
  [[nodiscard]] std::optional<mail::Reply> at_mail(policy::Standing who);
  [[nodiscard]] std::optional<mail::Reply> at_rcpt(policy::Standing who);
  /// `waybill send`: costs no connection of ours.
  [[nodiscard]] std::optional<mail::Reply> at_injection();

  /// How many sessions may be open, for strangers and for all, until the descriptors are at their marks;
  /// `sessions` are open now. Between two readings this is what holds a flood.
  struct Room {
    uint32_t strangers = UINT32_MAX;
    uint32_t everyone = UINT32_MAX;
  };
  [[nodiscard]] Room room(uint32_t sessions) const;

  /// How many connections got 421 instead of a banner since the start.
  /// True: more than at the last call.
  bool connections_told(uint64_t total);
  /// The room between two readings was used up: then the descriptors are at the strangers' mark, whatever was
  /// closed since, unless a level rules already and the true figure says when it ends.
  void count_as_full(policy::PressureReadings& readings) const;
  void sessions_ended(uint64_t count) { sessions_ended_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] control::OverloadStatus status() const;
  [[nodiscard]] std::vector<Gauge> gauges() const;
  [[nodiscard]] CommitClock& commits() { return commits_; }

 private:
  struct Known {
    policy::PressureReading reading;
    Time since{};
  };
  [[nodiscard]] mail::Reply tell(policy::Pressure what);
  void log_change(const policy::PressureGauge::Change& change, const policy::PressureReading& reading) const;
  [[nodiscard]] policy::ShedNow now() const { return policy::ShedNow(shed_.load(std::memory_order_relaxed)); }

  const Clock& clock_;
  CommitClock commits_;
  policy::PressureGauge gauge_;
  std::array<Known, policy::kPressures> known_;
  Time since_;  ///< of the most
  std::string spool_;
  std::array<uint64_t, policy::kPressures> limits_{};  ///< 0: switched off
  uint64_t connections_told_ = 0;

  std::atomic<uint32_t> shed_{0};
  Published<const std::string> hostname_{std::make_shared<const std::string>()};
  std::array<std::atomic<uint64_t>, policy::kPressures> told_{};
  std::atomic<uint64_t> commands_told_{0};
  std::atomic<uint64_t> sessions_ended_{0};
};

}  // namespace waybill::daemon
