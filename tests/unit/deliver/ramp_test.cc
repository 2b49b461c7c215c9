// How fast messages may begin: the bucket's bound, the slow start, and what a host's word does to it.
#include "deliver/ramp.h"

#include <gtest/gtest.h>

#include <deque>

namespace waybill::deliver {
namespace {
constexpr Steady kStart{Millis{1'000'000}};

mail::Outcome said(uint16_t code, mail::EnhancedStatus enhanced = {}) {
  auto out = mail::Outcome::deferred(code, enhanced, "said");
  out.remote = true;
  return out;
}

/// The most that begins in any second while somebody asks every millisecond.
struct Greedy {
  std::deque<Steady> last;
  size_t most = 0;
  size_t all = 0;
  void began(Steady now) {
    ++all;
    last.push_back(now);
    while (now - last.front() >= Seconds{1}) last.pop_front();
    most = std::max(most, last.size());
  }
};

TEST(TokenBucket, any_second_has_at_most_the_rate_and_the_burst) {
  for (const double rate : {0.5, 1.0, 7.0, 20.0, 100.0, 3'000.0}) {
    TokenBucket bucket(rate, kStart);
    Greedy greedy;
    // Asked for nothing for a minute: what was not used is not saved up.
    for (Millis at{60'000}; at < Millis{80'000}; ++at) {
      while (bucket.has(kStart + at)) {
        bucket.take();
        greedy.began(kStart + at);
      }
    }
    EXPECT_LE(static_cast<double>(greedy.most), rate + burst_of(rate)) << rate;
    EXPECT_GE(static_cast<double>(greedy.all), rate * 20 - 1) << rate << ": nothing is lost";
  }
}

TEST(TokenBucket, next_is_when_a_token_is_there) {
  TokenBucket bucket(3, kStart);
  EXPECT_EQ(bucket.next(kStart), kStart);
  bucket.take();
  const Steady next = bucket.next(kStart);
  EXPECT_EQ(next, kStart + Millis{334});
  EXPECT_FALSE(bucket.has(next - Millis{1}));
  EXPECT_TRUE(bucket.has(next));
}

TEST(TokenBucket, a_lower_rate_keeps_no_more_than_it_may_hold) {
  TokenBucket bucket(1'000, kStart);
  EXPECT_TRUE(bucket.has(kStart + Seconds{10}));
  bucket.set_rate(2, kStart + Seconds{10});
  int taken = 0;
  while (bucket.has(kStart + Seconds{10})) {
    bucket.take();
    ++taken;
  }
  EXPECT_EQ(taken, 1);
}

TEST(Ramp, doubles_while_it_is_used_and_answered_well) {
  Ramp ramp(RampSettings{}, 10, kStart);
  std::vector<size_t> seconds(40, 0);
  for (Millis at{0}; at < Millis{40'000}; ++at) {
    while (ramp.may_begin(kStart + at)) {
      ramp.begun(kStart + at);
      ramp.answered_well(kStart + at);
      ++seconds[static_cast<size_t>(at.count() / 1000)];
    }
  }
  EXPECT_LE(seconds[0], 11U);
  EXPECT_NEAR(static_cast<double>(seconds[7]), 20, 3);
  EXPECT_NEAR(static_cast<double>(seconds[12]), 40, 5);
  EXPECT_NEAR(static_cast<double>(seconds[22]), 160, 17);
  EXPECT_NEAR(static_cast<double>(seconds[39]), 200, 1);
  EXPECT_EQ(ramp.rate(), 200);
}

TEST(Ramp, what_was_not_used_or_not_answered_proves_nothing) {
  Ramp idle(RampSettings{}, 10, kStart);
  Ramp unanswered(RampSettings{}, 10, kStart);
  for (Millis at{0}; at < Millis{60'000}; at += Millis{10}) {
    const Steady now = kStart + at;
    if (at.count() % 1'000 == 0 && idle.may_begin(now)) {
      idle.begun(now);
      idle.answered_well(now);
    }
    if (unanswered.may_begin(now)) unanswered.begun(now);
  }
  EXPECT_EQ(idle.rate(), 10);
  EXPECT_EQ(unanswered.rate(), 10);
}

TEST(Ramp, less_mail_halves_at_once_pauses_and_then_only_adds) {
  Ramp ramp(
      {.start_rate = 10, .growth = 2, .grow_every = Millis{5'000}, .rate_max = 200, .pause = Millis{10'000}},
      80, kStart);
  ramp.slow_down(kStart);
  EXPECT_EQ(ramp.rate(), 40);
  ramp.slow_down(kStart + Millis{100});  // the rest of the same burst
  EXPECT_EQ(ramp.rate(), 40);
  EXPECT_FALSE(ramp.may_begin(kStart + Millis{9'999}));
  EXPECT_EQ(ramp.next(kStart), kStart + Millis{10'000});
  for (Millis at{10'000}; at <= Millis{15'010}; ++at) {
    while (ramp.may_begin(kStart + at)) {
      ramp.begun(kStart + at);
      ramp.answered_well(kStart + at);
    }
  }
  EXPECT_EQ(ramp.rate(), 50);
}

TEST(Ramp, is_never_slowed_to_nothing) {
  Ramp ramp(RampSettings{}, 10, kStart);
  for (int n = 0; n < 20; ++n) ramp.slow_down(kStart + n * Seconds{11});
  EXPECT_EQ(ramp.rate(), 1);
  EXPECT_EQ(Ramp({.start_rate = 0.1}, 0.1, kStart).floor(), 0.1);
}

TEST(Ramp, a_rate_that_was_proved_is_not_taken_back) {
  EXPECT_EQ(Ramp(RampSettings{}, 900, kStart).rate_max(), 900);
  EXPECT_EQ(Ramp(RampSettings{}, 10, kStart).rate_max(), 200);
}

TEST(Ramp, hears_421_and_452_and_no_word_about_one_message) {
  EXPECT_TRUE(asks_to_slow(said(421)));
  EXPECT_TRUE(asks_to_slow(said(421, {4, 7, 0})));
  EXPECT_TRUE(asks_to_slow(said(452)));
  EXPECT_TRUE(asks_to_slow(said(452, {4, 3, 1})));
  EXPECT_TRUE(asks_to_slow(said(451, {4, 3, 2})));
  EXPECT_FALSE(asks_to_slow(said(452, {4, 2, 2}))) << "a full mailbox";
  EXPECT_FALSE(asks_to_slow(said(452, {4, 5, 3}))) << "too many recipients";
  EXPECT_FALSE(asks_to_slow(said(450, {4, 7, 1}))) << "greylisting";
  EXPECT_FALSE(asks_to_slow(said(451)));
  auto ours = said(421, {4, 4, 1});
  ours.remote = false;
  EXPECT_FALSE(asks_to_slow(ours)) << "nobody said it";
  auto refused = said(550, {5, 3, 0});
  refused.fate = mail::Fate::rejected;
  EXPECT_FALSE(asks_to_slow(refused));
}

TEST(Pace, needs_a_token_of_both) {
  Pace pace;
  EXPECT_FALSE(pace.any());
  pace.limit.emplace(2, kStart);
  pace.ramp.emplace(RampSettings{}, 10, kStart);
  EXPECT_TRUE(pace.take(kStart));
  EXPECT_FALSE(pace.take(kStart + Millis{200})) << "the ramp has one, the limit has not";
  EXPECT_EQ(pace.next(kStart + Millis{200}), kStart + Millis{500});
  EXPECT_TRUE(pace.take(kStart + Millis{500}));
}

}  // namespace
}  // namespace waybill::deliver
