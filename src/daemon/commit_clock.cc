#include "daemon/commit_clock.h"

#include <algorithm>
#include <cmath>

namespace waybill::daemon {
namespace {
constexpr double kStepsAnOctave = 16;

size_t bucket_of(Millis took, size_t buckets) {
  if (took.count() <= 1) return 0;
  const double steps = std::ceil(std::log2(static_cast<double>(took.count())) * kStepsAnOctave);
  return std::min(static_cast<size_t>(steps), buckets - 1);
}

uint64_t top_of(size_t bucket) {
  return static_cast<uint64_t>(std::ceil(std::exp2(static_cast<double>(bucket) / kStepsAnOctave)));
}
}  // namespace

void CommitClock::ended(Millis took) {
  fresh_[bucket_of(took, kBuckets)].fetch_add(1, std::memory_order_relaxed);
  ended_.fetch_add(1, std::memory_order_relaxed);
}

uint64_t CommitClock::sample(Steady now) {
  Slice& slice = slices_[next_slice_];
  next_slice_ = (next_slice_ + 1) % kSlices;
  for (size_t i = 0; i < kBuckets; ++i) slice[i] = fresh_[i].exchange(0, std::memory_order_relaxed);
  uint64_t total = 0;
  for (const Slice& one : slices_)
    for (const uint64_t count : one) total += count;
  uint64_t out = 0;
  uint64_t above = 0;  // those of the slower buckets: at most one in a hundred may be left out
  for (size_t i = kBuckets; i-- > 0 && total > 0;) {
    for (const Slice& one : slices_) above += one[i];
    if (above * 100 <= total) continue;
    out = top_of(i);
    break;
  }
  // Ended first: one that begins and ends in between must not look as if it were under way.
  const uint64_t ended = ended_.load(std::memory_order_relaxed);
  const uint64_t began = began_.load(std::memory_order_relaxed);
  const bool waits = began > ended && ended == ended_seen_;
  ended_seen_ = ended;
  if (!waits) {
    waits_since_.reset();
    if (began > ended) waits_since_ = now;
    return out;
  }
  if (!waits_since_) waits_since_ = now;
  return std::max(out, static_cast<uint64_t>((now - *waits_since_).count()));
}

}  // namespace waybill::daemon
