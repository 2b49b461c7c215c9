// Whatever times mail comes at: who comes back in time passes, and nobody waits longer than was said.
#include "policy/greylist.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace waybill::policy {
namespace {

struct Line {
  GreylistTimes times;
  std::optional<GreylistEntry> kept;
  Time kept_until{};
  Time now{Millis{1'795'000'000'000}};

  GreylistStep arrive(uint64_t known = 0) {
    if (kept && kept_until <= now) kept.reset();  // as a table forgets
    GreylistStep step = greylist(kept, known, now, times);
    // What a restart would read is what was kept.
    kept = GreylistEntry::decode(step.entry.encode());
    kept_until = step.expires;
    return step;
  }
};

GreylistTimes any_times() {
  GreylistTimes out;
  out.delay = Millis{*rc::gen::inRange<int64_t>(1, 3'600'000)};
  out.window = out.delay + Millis{*rc::gen::inRange<int64_t>(1, 200'000'000)};
  out.keep = Millis{*rc::gen::inRange<int64_t>(1, 4'000'000'000)};
  return out;
}

RC_GTEST_PROP(Greylist, the_wait_is_never_longer_than_the_delay_and_never_told_wrong, ()) {
  Line line{.times = any_times()};
  for (const int64_t pause : *rc::gen::container<std::vector<int64_t>>(
           rc::gen::inRange<int64_t>(-5'000'000, 300'000'000))) {  // clocks go back, too
    line.now += Millis{pause};
    const GreylistStep step = line.arrive();
    RC_ASSERT(step.expires > line.now || step.finding.found == Found::pass || line.times.window == Millis{0});
    if (step.finding.found == Found::pass) continue;
    RC_ASSERT(step.finding.wait > Millis{0});
    RC_ASSERT(step.finding.wait <= line.times.delay);
    // Who comes back at the very moment that was said passes.
    Line told = line;
    told.now += step.finding.wait;
    RC_ASSERT(told.arrive().finding.found == Found::pass);
    // A moment before it does not.
    if (step.finding.wait > Millis{1}) {
      Line early = line;
      early.now += step.finding.wait - Millis{1};
      RC_ASSERT(early.arrive().finding.found == Found::fail);
    }
  }
}

RC_GTEST_PROP(Greylist, who_passed_passes_for_as_long_as_it_comes_within_its_keep, ()) {
  Line line{.times = any_times()};
  (void)line.arrive();
  line.now += line.times.delay;
  RC_ASSERT(line.arrive().came_back);
  for (int i = 0; i < 20; ++i) {
    line.now += Millis{*rc::gen::inRange<int64_t>(0, line.times.keep.count())};
    const GreylistStep step = line.arrive();
    RC_ASSERT(step.finding.found == Found::pass);
    RC_ASSERT(!step.came_back);
  }
}

RC_GTEST_PROP(Greylist, who_comes_after_the_window_begins_anew, ()) {
  Line line{.times = any_times()};
  (void)line.arrive();
  line.now += line.times.window + Millis{*rc::gen::inRange<int64_t>(1, 1'000'000'000)};
  const GreylistStep step = line.arrive();
  RC_ASSERT(step.finding.found == Found::fail);
  RC_ASSERT(step.finding.wait == line.times.delay);
}
}  // namespace
}  // namespace waybill::policy
