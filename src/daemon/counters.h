// counters.h: what happened since the start, counted where it happens, read by status and /metrics.
// Thread-safe: relaxed atomics; a reader may see one counter a moment before another.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace waybill::daemon {

struct Counters {
  std::atomic<uint64_t> messages_accepted{0};
  std::atomic<uint64_t> recipients_accepted{0};
  std::atomic<uint64_t> messages_refused_full{0};  ///< answered 452: no space
  std::atomic<uint64_t> octets_accepted{0};
  std::atomic<uint64_t> delivered{0};
  std::atomic<uint64_t> deferred{0};
  std::atomic<uint64_t> bounced{0};
  std::atomic<uint64_t> expired{0};
  std::atomic<uint64_t> deleted{0};
  std::atomic<uint64_t> reports_sent{0};
  std::atomic<uint64_t> refused_unreported{0};  ///< by a primary, of what a stranger sent: no report
  std::atomic<uint64_t> commit_failures{0};
  std::atomic<uint64_t> outcomes_waiting{0};  ///< now: transactions that the store refused, tried again
  std::atomic<uint64_t> reloads{0};
  std::atomic<uint64_t> reloads_refused{0};
};

/// One value of a metric that is measured at the moment of asking.
struct Gauge {
  std::string name;
  std::string help;
  double value = 0;
};

/// Prometheus text exposition format 0.0.4.
[[nodiscard]] std::string render_metrics(const Counters& counters, const std::vector<Gauge>& gauges);

}  // namespace waybill::daemon
