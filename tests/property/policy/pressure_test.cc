// Whatever the readings: more pressure never sheds less, nothing flaps, and trusted clients come last.
#include "policy/pressure.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace waybill::policy {
namespace {

struct Moment {
  uint32_t percent;
  Millis after;
};

PressureMarks marks() {
  PressureMarks out;
  out.recover_percent = *rc::gen::inRange<uint32_t>(1, 98);
  out.strangers_percent = *rc::gen::inRange<uint32_t>(out.recover_percent + 1, 99);
  out.everyone_percent = *rc::gen::inRange<uint32_t>(out.strangers_percent + 1, 101);
  out.dwell = Millis{*rc::gen::inRange(1, 30'000)};
  return out;
}

std::vector<Moment> course() {
  return *rc::gen::container<std::vector<Moment>>(rc::gen::build<Moment>(
      rc::gen::set(&Moment::percent, rc::gen::inRange<uint32_t>(0, 130)),
      rc::gen::set(&Moment::after,
                   rc::gen::map(rc::gen::inRange(1, 12'000), [](int ms) { return Millis{ms}; }))));
}

PressureReadings reading(std::optional<uint64_t> percent) {
  PressureReadings out;
  out[static_cast<size_t>(Pressure::memory)] = {percent, 100};
  return out;
}

RC_GTEST_PROP(Pressure, more_pressure_never_sheds_less, ()) {
  const PressureMarks given = marks();
  PressureGauge low(given), high(given);
  Steady now{Seconds{1000}};
  for (const Moment& moment : course()) {
    now += moment.after;
    const auto more = *rc::gen::inRange<uint32_t>(0, 60);
    low.step(reading(moment.percent), now);
    high.step(reading(moment.percent + more), now);
    RC_ASSERT(low.level(Pressure::memory) <= high.level(Pressure::memory));
  }
}

RC_GTEST_PROP(Pressure, it_does_not_flap, ()) {
  const PressureMarks given = marks();
  PressureGauge gauge(given);
  Steady now{Seconds{1000}};
  std::vector<Steady> falls;
  std::optional<Steady> rose;
  for (const Moment& moment : course()) {
    now += moment.after;
    for (const auto& change : gauge.step(reading(moment.percent), now)) {
      if (change.to > change.from) {
        // It rises only where the mark says so, and at once.
        RC_ASSERT(moment.percent >=
                  (change.to == Shed::everyone ? given.everyone_percent : given.strangers_percent));
        rose = now;
        continue;
      }
      // It falls only below the lower mark, and a whole dwell after it rose.
      RC_ASSERT(moment.percent <
                (change.to == Shed::nobody ? given.recover_percent : given.strangers_percent));
      RC_ASSERT(rose.has_value());
      RC_ASSERT(now - *rose >= given.dwell);
      falls.push_back(now);
    }
    if (moment.percent >= given.everyone_percent) RC_ASSERT(gauge.level(Pressure::memory) == Shed::everyone);
    if (moment.percent >= given.strangers_percent)
      RC_ASSERT(gauge.level(Pressure::memory) >= Shed::strangers);
  }
  // Two falls within one dwell are at most the two switches of one relief.
  for (size_t i = 2; i < falls.size(); ++i) RC_ASSERT(falls[i] - falls[i - 2] >= given.dwell);
}

RC_GTEST_PROP(Pressure, between_the_marks_nothing_changes, ()) {
  const PressureMarks given = marks();
  PressureGauge gauge(given);
  Steady now{Seconds{1000}};
  const bool was_high = *rc::gen::arbitrary<bool>();
  if (was_high) gauge.step(reading(given.strangers_percent), now);
  const Shed before = gauge.level(Pressure::memory);
  for (const Moment& moment : course()) {
    now += moment.after;
    const uint32_t span = given.strangers_percent - given.recover_percent;
    RC_ASSERT(gauge.step(reading(given.recover_percent + moment.percent % span), now).empty());
  }
  RC_ASSERT(gauge.level(Pressure::memory) == before);
}

RC_GTEST_PROP(Pressure, trusted_clients_are_never_shed_before_strangers,
              (const std::vector<uint32_t>& words)) {
  PressureGauge gauge(marks());
  Steady now{Seconds{1000}};
  for (const uint32_t word : words) {
    now += Millis{word % 20'000};
    PressureReadings readings;
    for (size_t i = 0; i < kPressures; ++i) readings[i] = {word >> (4 * i) & 127U, word % 7 == i ? 0U : 100U};
    if (word % 11 == 0) readings[word % kPressures].value.reset();
    gauge.step(readings, now);
    const ShedNow shed = gauge.now();
    if (shed_connection(shed, Standing::trusted)) RC_ASSERT(shed_connection(shed, Standing::stranger));
    if (shed_mail(shed, Standing::trusted)) RC_ASSERT(shed_mail(shed, Standing::stranger));
  }
}

RC_GTEST_PROP(Pressure, what_is_unknown_changes_nothing, ()) {
  PressureGauge gauge(marks());
  Steady now{Seconds{1000}};
  for (const Moment& moment : course()) {
    now += moment.after;
    gauge.step(reading(moment.percent), now);
    now += moment.after;
    RC_ASSERT(gauge.step(reading(std::nullopt), now).empty());
  }
}
}  // namespace
}  // namespace waybill::policy
