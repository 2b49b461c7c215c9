// What holds for the window and the rate, whatever a server does.
#include "resolve/stub_window.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

namespace waybill::resolve {
namespace {
using Outcome = AdaptiveWindow::Outcome;

WindowOptions any_options() {
  const auto min = *rc::gen::inRange<size_t>(1, 16);
  const auto max = *rc::gen::inRange<size_t>(min, 400);
  return {.start = *rc::gen::inRange<size_t>(0, 500), .min = min, .max = max};
}

/// Sends until it is full, then settles the oldest half with outcomes from `pick`.
template <class Pick>
void turn(AdaptiveWindow& window, std::deque<uint64_t>& open, Pick pick) {
  while (window.has_room()) open.push_back(window.sent());
  for (size_t left = open.size() / 2 + 1; left > 0 && !open.empty(); --left) {
    window.settle(open.front(), pick());
    open.pop_front();
  }
}

RC_GTEST_PROP(AdaptiveWindow, stays_within_its_bounds_and_counts_its_places, ()) {
  const WindowOptions options = any_options();
  AdaptiveWindow window(options);
  std::deque<uint64_t> open;
  for (int i = 0; i < 60; ++i) {
    turn(window, open,
         [] { return static_cast<Outcome>(*rc::gen::weightedElement<int>({{8, 0}, {1, 1}, {2, 2}})); });
    RC_ASSERT(window.size() >= options.min && window.size() <= options.max);
    RC_ASSERT(window.open() == open.size());
  }
}

RC_GTEST_PROP(AdaptiveWindow, never_shrinks_and_slowly_grows_while_all_is_answered, ()) {
  AdaptiveWindow window(any_options());
  std::deque<uint64_t> open;
  for (int i = 0; i < 200; ++i) {
    const size_t before = window.size();
    turn(window, open, [] { return Outcome::answered; });
    RC_ASSERT(window.size() >= before);
    RC_ASSERT(window.size() <= before + 2);
  }
}

RC_GTEST_PROP(AdaptiveWindow, reaches_its_maximum_when_it_is_used_and_all_is_answered, ()) {
  const WindowOptions options = any_options();
  AdaptiveWindow window(options);
  std::deque<uint64_t> open;
  for (int i = 0; i < 2000 && window.size() < options.max; ++i)
    turn(window, open, [] { return Outcome::answered; });
  RC_ASSERT(window.size() == options.max);
}

RC_GTEST_PROP(AdaptiveWindow, does_not_grow_where_it_is_not_used, ()) {
  AdaptiveWindow window({.start = 50, .min = 4, .max = 500});
  const auto used = *rc::gen::inRange<size_t>(1, 49);
  for (int i = 0; i < 50; ++i) {
    std::vector<uint64_t> open;
    for (size_t n = 0; n < used; ++n) open.push_back(window.sent());
    for (const uint64_t number : open) window.settle(number, Outcome::answered);
  }
  RC_ASSERT(window.size() == 50U);
}

RC_GTEST_PROP(AdaptiveWindow, a_burst_of_losses_halves_it_once, ()) {
  const auto start = *rc::gen::inRange<size_t>(40, 400);
  AdaptiveWindow window({.start = start, .min = 1, .max = 400});
  std::vector<uint64_t> open;
  while (window.has_room()) open.push_back(window.sent());
  for (const uint64_t number : open) window.settle(number, Outcome::lost);
  RC_ASSERT(window.size() == start / 2);
}

RC_GTEST_PROP(AdaptiveWindow, a_dead_server_gets_the_least, ()) {
  const WindowOptions options = any_options();
  AdaptiveWindow window(options);
  std::deque<uint64_t> open;
  const auto outcome = *rc::gen::element(Outcome::lost, Outcome::refused);
  for (int i = 0; i < 60; ++i) turn(window, open, [outcome] { return outcome; });
  RC_ASSERT(window.size() == options.min);
}

RC_GTEST_PROP(AdaptiveWindow, some_broken_domains_are_no_burst, ()) {
  AdaptiveWindow window({.start = 100, .min = 4, .max = 100});
  std::deque<uint64_t> open;
  int n = 0;
  for (int i = 0; i < 100; ++i)
    turn(window, open, [&n] {
      return ++n % 25 == 0 ? Outcome::lost : n % 5 == 0 ? Outcome::refused : Outcome::answered;
    });
  RC_ASSERT(window.size() == 100U);
}

RC_GTEST_PROP(RateLimit, never_gives_more_than_its_rate_nor_much_less, ()) {
  const auto per_second = *rc::gen::inRange(1, 2'000);
  RateLimit rate(per_second);
  Steady now{Millis(5'000)};
  const Steady end = now + Seconds(3);
  int taken = 0;
  while (now < end) {
    while (rate.take(now)) ++taken;
    const Steady next = rate.next(now);
    RC_ASSERT(next > now);
    now = std::max(next, now + Millis(*rc::gen::inRange(0, 5)));
  }
  const double most = per_second * 3.0 + per_second / 50.0 + 1;
  RC_ASSERT(taken <= most);
  // Who comes up to 5 ms late loses no more than that, of an interval of at least 16 ms or of a burst's 20.
  RC_ASSERT(taken + 2 >= 0.7 * per_second * 3.0);
}
}  // namespace
}  // namespace waybill::resolve
