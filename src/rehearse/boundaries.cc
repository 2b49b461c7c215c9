#include "rehearse/boundaries.h"

#include <algorithm>

namespace waybill::rehearse {

void Boundaries::add(const Window& window) {
  times_.push_back(window.from);
  if (window.to != Millis::max()) times_.push_back(window.to);
}

Boundaries::Boundaries(const Scenario& scenario) {
  for (const Host& host : scenario.hosts) {
    for (const Behaviour& one : host.behaviours) add(one.window);
  }
  for (const DnsRecord& one : scenario.records) add(one.window);
  for (const DnsFault& one : scenario.faults) add(one.window);
  for (const ClockJump& one : scenario.jumps) times_.push_back(one.at);
  for (const Injection& one : scenario.injections) {
    times_.push_back(one.at);
    times_.push_back(time_of(one, one.count) + Millis{1});
  }
  if (scenario.run) times_.push_back(*scenario.run);
  std::ranges::sort(times_);
}

std::optional<Millis> Boundaries::after(Millis at) const {
  const auto next = std::ranges::upper_bound(times_, at);
  return next == times_.end() ? std::nullopt : std::optional(*next);
}

Millis Boundaries::before(Millis at) const {
  const auto next = std::ranges::upper_bound(times_, at);
  return next == times_.begin() ? Millis{0} : *(next - 1);
}

Millis time_of(const Injection& injection, uint64_t number) {
  return injection.at + std::chrono::floor<Millis>(injection.every * (number - 1));
}

}  // namespace waybill::rehearse
