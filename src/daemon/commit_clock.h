// commit_clock.h: how long messages take from their end until they are on disk: the figure that 99 of 100 of
// the last ten seconds stayed below, and what hangs now. Counted where mail is committed, read once a second.
//
// Thread rule: began() and ended() on any thread, without a lock; sample() on one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace waybill::daemon {

class CommitClock {
 public:
  void began() { began_.fetch_add(1, std::memory_order_relaxed); }
  void ended(Millis took);

  /// About once a second. Milliseconds, rounded up by a twentieth at most; 0: nothing was
  /// committed lately. A commit that doesn't come back counts by how long nothing has come back.
  [[nodiscard]] uint64_t sample(Steady now);

  static constexpr size_t kSlices = 10;  ///< samples that count

 private:
  /// Sixteen to an octave, up to 2^16 ms.
  static constexpr size_t kBuckets = 257;
  using Slice = std::array<uint64_t, kBuckets>;

  std::atomic<uint64_t> began_{0};
  std::atomic<uint64_t> ended_{0};
  std::array<std::atomic<uint64_t>, kBuckets> fresh_{};

  std::array<Slice, kSlices> slices_{};
  size_t next_slice_ = 0;
  uint64_t ended_seen_ = 0;
  std::optional<Steady> waits_since_;  ///< when something was under way and nothing had come back
};

}  // namespace waybill::daemon
