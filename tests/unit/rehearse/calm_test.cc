// Leaving out what is calm must not change what a rehearsal says.
#include "rehearse/calm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearse/boundaries.h"
#include "rehearse/engine.h"
#include "rehearse/read.h"
#include "rehearse/summary.h"

namespace waybill::rehearse {
namespace {
using std::chrono::hours;
using std::chrono::minutes;

/// One message a tenth of a second, each delivered after 20 ms, `what` done to those of second `odd`.
class Traffic {
 public:
  enum class Odd : uint8_t { none, put_off, report, stuck };
  explicit Traffic(CalmWatch& watch) : watch_(watch) {}
  void play(int64_t from, int64_t to, Odd what = Odd::none, int64_t odd = -1) {
    for (int64_t second = from; second < to; ++second) {
      for (int n = 0; n < 20; ++n)
        one(Seconds{second} + Millis{n * 50}, second == odd && n == 0 ? what : Odd::none);
    }
  }

 private:
  void one(Millis at, Odd what) {
    const MessageId id{++id_};
    watch_.message(at);
    watch_.arrival({at, id, 0, "a@example.net", false});
    watch_.depth({at, 1});
    if (what == Odd::stuck) return;
    if (what == Odd::put_off) watch_.attempt({at, id, 0, queue::State::queued, {}, "m1"});
    if (what == Odd::report)
      watch_.report({at, queue::ReportKind::delay, "b@example.net", "a@example.net", "4.0.0"});
    watch_.taken({at, "one", {"a@example.net"}});
    watch_.attempt({at + Millis{20}, id, 0, queue::State::delivered, {}, "m1"});
    watch_.depth({at + Millis{20}, 0});
  }
  CalmWatch& watch_;
  uint64_t id_ = 0;
};

TEST(Calm, a_minute_of_the_same_is_a_sample) {
  Recorder nobody;
  CalmWatch watch(nobody, CalmRule{});
  Traffic traffic(watch);
  traffic.play(0, 55);
  EXPECT_FALSE(watch.sample(Millis{0}, Seconds{55}));
  traffic.play(55, 70);
  const auto sample = watch.sample(Millis{0}, Seconds{70});
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->sample_messages, 69u * 20);  // the first second is no part of it
  ASSERT_EQ(sample->hosts.size(), 1u);
  EXPECT_EQ(sample->hosts[0].messages, 69u * 20);
  EXPECT_EQ(sample->delays_ms, (std::map<uint32_t, uint64_t>{{20, 69 * 20}}));
  EXPECT_EQ(sample->depth, 1u);
  EXPECT_FALSE(watch.sample(Seconds{30}, Seconds{70}));  // the world changed within
  watch.restart(Seconds{70});
  EXPECT_FALSE(watch.sample(Millis{0}, Seconds{71}));
}

TEST(Calm, whatever_is_put_off_reported_or_stuck_is_none) {
  for (const auto what : {Traffic::Odd::put_off, Traffic::Odd::report, Traffic::Odd::stuck}) {
    Recorder nobody;
    CalmWatch watch(nobody, CalmRule{});
    Traffic(watch).play(0, 100, what, 50);
    EXPECT_FALSE(watch.sample(Millis{0}, Seconds{100})) << static_cast<int>(what);
  }
}

TEST(Calm, a_backlog_that_drains_beside_new_mail_is_none) {
  Recorder nobody;
  CalmWatch watch(nobody, CalmRule{});
  for (uint64_t n = 0; n < 5'000; ++n)
    watch.arrival({Millis{0}, MessageId{1'000'000 + n}, 0, "a@example.net", false});
  watch.restart(Seconds{3'000});
  Traffic traffic(watch);
  for (int64_t second = 3'000; second < 3'100; ++second) {
    traffic.play(second, second + 1);
    const MessageId old{1'000'000 + static_cast<uint64_t>(second)};
    watch.attempt({Seconds{second}, old, 0, queue::State::delivered, {}, "m1"});
  }
  EXPECT_FALSE(watch.sample(Millis{0}, Seconds{3'100}));
}

TEST(Calm, a_queue_that_grows_is_none) {
  Recorder nobody;
  CalmWatch watch(nobody, CalmRule{});
  Traffic(watch).play(0, 1);
  for (int64_t second = 1; second < 100; ++second) {
    Traffic(watch).play(second, second + 1);
    watch.depth({Seconds{second}, static_cast<uint64_t>(second)});
  }
  EXPECT_FALSE(watch.sample(Millis{0}, Seconds{100}));
}

Scenario world(const std::string& hosts) {
  auto read = read_scenario(hosts +
                                "dns example.net mx 10 m1.example.net\n"
                                "dns example.net mx 10 m2.example.net\n"
                                "dns example.net mx 20 m3.example.net\n"
                                "at 0s send from a@here.example to u{n}@example.net count 7200 every 1s\n"
                                "expect queue >= 0 at 0s\n",
                            "x.scn");
  EXPECT_TRUE(read) << (read ? "" : read.error().what);
  return read ? std::move(*read) : Scenario{};
}

constexpr CalmRule kLeaveOut{.play_all_up_to = 5'000, .sample = Seconds{60}, .sample_messages = 200};

Summary played(const Scenario& scenario, const CalmRule& calm) {
  Summarizer summary(scenario);
  const auto ended = run(scenario, summary, calm);
  EXPECT_TRUE(ended) << (ended ? "" : ended.error().what);
  EXPECT_TRUE(ended && ended->custody_faults.empty());
  return summary.finish(ended ? ended->at : Millis{0});
}

// The same two hours both ways: an outage, a recovery, an hour of nothing new.
TEST(Calm, what_is_left_out_changes_no_answer) {
  const Scenario scenario = world(
      "host one m1.example.net 192.0.2.1\n  down 20m..60m\n"
      "host two m2.example.net 192.0.2.2\n"
      "host three m3.example.net 192.0.2.3\n");
  const Summary whole = played(scenario, CalmRule::play_all());
  const Summary quick = played(scenario, kLeaveOut);
  EXPECT_EQ(whole.left_out, 0u);
  EXPECT_GT(quick.left_out, 3'000u);
  EXPECT_EQ(quick.accepted, whole.accepted);
  EXPECT_EQ(quick.delivered, whole.delivered);
  EXPECT_EQ(quick.waiting + quick.bounced + quick.expired + quick.duplicates, 0u);
  for (size_t n = 0; n < 3; ++n) {
    // The host that is back is met at the next probe, up to ten minutes later: 600 messages, of which it gets
    // half. And the share in a sample of 200 has its chance: three sigma, for the 2,700 that it stands for,
    // are 290.
    EXPECT_NEAR(static_cast<double>(quick.hosts[n].messages), static_cast<double>(whole.hosts[n].messages),
                600)
        << n;
  }
  EXPECT_EQ(quick.hosts[2].messages, whole.hosts[2].messages);
  EXPECT_EQ(quick.delay_median, whole.delay_median);
  EXPECT_GE(quick.end + Seconds{30}, whole.end);
  // While it is down, it takes nothing, left out or not.
  const auto slot_of = [&](Millis at) { return static_cast<size_t>(at / quick.slot); };
  for (size_t at = slot_of(minutes(26)); at < slot_of(minutes(59)); ++at)
    EXPECT_EQ(quick.hosts[0].load[at], 0u) << at;
  EXPECT_GT(quick.hosts[0].load[slot_of(minutes(100))], 0u);
}

TEST(Calm, a_host_that_nobody_else_replaces_is_played_until_its_queue_is_empty) {
  auto read = read_scenario(
      "host one m1.example.net 192.0.2.1\n  down 20m..30m\n"
      "dns example.net mx 10 m1.example.net\n"
      "at 0s send from a@here.example to u{n}@example.net count 7200 every 1s\n"
      "expect queue >= 0 at 0s\n",
      "x.scn");
  ASSERT_TRUE(read);
  const Summary whole = played(*read, CalmRule::play_all());
  const Summary quick = played(*read, kLeaveOut);
  EXPECT_GT(quick.left_out, 2'000u);
  EXPECT_EQ(quick.delivered, 7'200u);
  EXPECT_EQ(quick.hosts[0].messages, 7'200u);
  EXPECT_EQ(quick.duplicates, 0u);
  EXPECT_NEAR(static_cast<double>(quick.deepest), static_cast<double>(whole.deepest), 60);
  EXPECT_NEAR(static_cast<double>(quick.put_off), static_cast<double>(whole.put_off),
              0.2 * static_cast<double>(whole.put_off));
}

TEST(Calm, short_runs_are_played_whole) {
  Scenario scenario = world(
      "host one m1.example.net 192.0.2.1\n"
      "host two m2.example.net 192.0.2.2\n"
      "host three m3.example.net 192.0.2.3\n");
  scenario.injections[0].count = 1'000;
  EXPECT_EQ(played(scenario, kLeaveOut).left_out, 0u);
}

TEST(Boundaries, are_where_anything_begins_or_ends) {
  Scenario scenario = world("host one m1.example.net 192.0.2.1\n  down 20m..60m\n  slow 3s 90m..\n");
  const Boundaries all(scenario);
  EXPECT_EQ(all.after(Seconds{1}), minutes(20));
  EXPECT_EQ(all.after(minutes(20)), minutes(60));
  EXPECT_EQ(all.before(minutes(59)), minutes(20));
  EXPECT_EQ(all.after(minutes(61)), minutes(90));
  EXPECT_EQ(all.after(minutes(91)), hours(2) - Millis{999});  // after the last message
  EXPECT_EQ(all.after(hours(3)), std::nullopt);
}
}  // namespace
}  // namespace waybill::rehearse
