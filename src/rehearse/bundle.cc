#include "rehearse/bundle.h"

#include <algorithm>
#include <cmath>

#include "rehearse/boundaries.h"

namespace waybill::rehearse {
namespace {
/// More in one would show in the slow start's first steps.
constexpr uint64_t kEachMax = 10;
/// Of those who wait, as many as are played at least.
constexpr uint64_t kWaitingWanted = 20'000;
/// Below that the time between two messages would show.
constexpr double kPerSecondMin = 1;
/// What one message takes on a connection, with room: more connections than there are must not be what limits
/// the rate, for they are not fewer in the bundled run.
constexpr double kSecondsPerMessage = 0.1;

bool is_whole(const Behaviour& one) {
  using What = Behaviour::What;
  return (one.what == What::down || one.what == What::silent) && one.family == Behaviour::Family::both &&
         !one.network;
}

/// What it does to one message does not depend on how many others there are.
bool counts_nothing(const Behaviour& one) {
  using What = Behaviour::What;
  switch (one.what) {
    case What::down:
    case What::silent:
    case What::greylist:
    case What::recipients:
    case What::tls_fails:
      return true;
    default:
      return false;
  }
}

bool all_away(const Scenario& scenario, Millis at) {
  return std::ranges::all_of(scenario.hosts, [at](const Host& host) {
    return host.of_senders || std::ranges::any_of(host.behaviours, [at](const Behaviour& one) {
             return is_whole(one) && one.window.holds(at);
           });
  });
}

/// Messages of this injection that come in from `from` until just before `to`.
uint64_t count_between(const Injection& one, Millis from, Millis to) {
  if (one.every.count() <= 0) return one.at >= from && one.at < to ? one.count : 0;
  const auto before = [&one](Millis at) {  // those that came in until then
    if (at <= one.at) return uint64_t{0};
    const auto span = static_cast<uint64_t>((std::chrono::nanoseconds(at - one.at)).count());
    return std::min(one.count, span / static_cast<uint64_t>(one.every.count()) + 1);
  };
  return before(to) - before(from);
}

/// Messages that come in while every host is away.
uint64_t count_waiting(const Scenario& scenario) {
  const Boundaries changes(scenario);
  uint64_t out = 0;
  Millis from{0};
  while (const auto to = changes.after(from)) {
    if (all_away(scenario, from)) {
      for (const Injection& one : scenario.injections) out += count_between(one, from, *to);
    }
    from = *to;
  }
  return out;
}

bool fits(const Scenario& scenario) {
  const auto ramp = scenario.deliver.ramp;
  return scenario.jumps.empty() && scenario.demands.empty() &&
         ramp.rate_max * kSecondsPerMessage <= scenario.deliver.pacing.window_max &&
         std::ranges::all_of(scenario.hosts, [](const Host& host) {
           return std::ranges::all_of(host.behaviours, counts_nothing);
         });
}

double slowest_rate(const Scenario& scenario) {
  double out = std::min(scenario.deliver.ramp.start_rate, scenario.deliver.ramp.rate_max);
  for (const auto& [domain, rate] : scenario.rate_max) out = std::min(out, rate);
  for (const Injection& one : scenario.injections)
    out = std::min(out, 1e9 / std::max(1.0, static_cast<double>(one.every.count())));
  return out;
}
}  // namespace

uint64_t bundle_size(const Scenario& scenario, uint64_t waiting_played) {
  if (!fits(scenario)) return 1;
  const uint64_t waiting = count_waiting(scenario);
  if (waiting <= waiting_played) return 1;
  const auto by_rates = static_cast<uint64_t>(std::max(1.0, slowest_rate(scenario) / kPerSecondMin));
  const uint64_t wanted = waiting / std::min(waiting_played, kWaitingWanted);
  // Only what divides each injection: as many as were asked for must come out.
  for (uint64_t each = std::min({kEachMax, by_rates, wanted}); each > 1; --each) {
    if (std::ranges::all_of(scenario.injections,
                            [each](const Injection& one) { return one.count % each == 0; }))
      return each;
  }
  return 1;
}

Scenario bundled(Scenario scenario, uint64_t each) {
  if (each <= 1) return scenario;
  const auto divisor = static_cast<double>(each);
  for (Injection& one : scenario.injections) {
    one.count /= each;
    one.every *= each;
  }
  // A connection lives as long as before: one that is there when its host goes away is still answered.
  uint32_t& messages = scenario.deliver.pacing.messages_per_connection_max;
  messages = std::max(1U, messages / static_cast<uint32_t>(each));
  scenario.deliver.ramp.start_rate /= divisor;
  scenario.deliver.ramp.rate_max /= divisor;
  for (auto& [domain, rate] : scenario.rate_max) rate /= divisor;
  return scenario;
}

}  // namespace waybill::rehearse
