#include "rehearse/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "rehearse/engine.h"
#include "rehearse/read.h"

namespace waybill::rehearse {
namespace {
using testing::ElementsAre;
using testing::SizeIs;

Summary played(const std::string& text) {
  auto scenario = read_scenario(text + "expect queue >= 0 at 0s\n", "x.scn");
  EXPECT_TRUE(scenario) << (scenario ? "" : scenario.error().what);
  if (!scenario) return {};
  Summarizer summary(*scenario);
  const auto ended = run(*scenario, summary);
  EXPECT_TRUE(ended) << (ended ? "" : ended.error().what);
  EXPECT_TRUE(ended && ended->custody_faults.empty());
  return summary.finish(ended ? ended->at : Millis{0});
}

uint64_t sum(const std::vector<uint64_t>& values) {
  return std::accumulate(values.begin(), values.end(), uint64_t{0});
}

constexpr const char* kTwoHosts =
    "host one m1.example.net 192.0.2.1\n"
    "  down 10m..20m\n"
    "host two m2.example.net 192.0.2.2\n"
    "dns example.net mx 10 m1.example.net\n"
    "dns example.net mx 20 m2.example.net\n";

TEST(Summary, each_hosts_load_is_what_it_took_and_when) {
  const Summary out = played(std::string(kTwoHosts) +
                             "at 0s send from a@here.example to u{n}@example.net count 1800 every 1s\n");
  ASSERT_THAT(out.hosts, SizeIs(2));
  EXPECT_EQ(out.accepted, 1800u);
  EXPECT_EQ(out.delivered, 1800u);
  EXPECT_EQ(out.bounced + out.expired + out.waiting + out.duplicates, 0u);
  EXPECT_EQ(out.hosts[0].messages + out.hosts[1].messages, 1800u);
  EXPECT_EQ(sum(out.hosts[0].load), out.hosts[0].messages);
  EXPECT_EQ(sum(out.hosts[1].load), out.hosts[1].messages);
  // Only while the first is down, and until it is probed again.
  EXPECT_GE(out.hosts[1].messages, 590u);
  ASSERT_TRUE(out.hosts[1].first && out.hosts[1].last);
  EXPECT_GE(*out.hosts[1].first, std::chrono::minutes(10));
  EXPECT_LT(*out.hosts[1].last, std::chrono::minutes(31));
  ASSERT_TRUE(out.delay_median && out.delay_p99 && out.delay_longest);
  EXPECT_LE(*out.delay_median, *out.delay_p99);
  EXPECT_LE(*out.delay_p99, *out.delay_longest);
  EXPECT_LT(*out.delay_median, Seconds{1});
}

TEST(Summary, slots_fold_so_that_days_need_no_more_room_than_minutes) {
  const Summary out = played(std::string(kTwoHosts) +
                             "at 0s send from a@here.example to u{n}@example.net count 100 every 1h\n");
  EXPECT_LE(out.depth.size(), kSlotsMax);
  EXPECT_EQ(out.hosts[0].load.size(), out.depth.size());
  EXPECT_GT(out.slot * kSlotsMax, std::chrono::hours(99));
  EXPECT_EQ(sum(out.hosts[0].load) + sum(out.hosts[1].load), 100u);
}

TEST(Summary, the_queue_is_as_deep_as_what_waits) {
  const Summary out = played(
      "host one m1.example.net 192.0.2.1\n"
      "  down ..1h\n"
      "dns example.net mx 10 m1.example.net\n"
      "at 0s send from a@here.example to u{n}@example.net count 60 every 1m\n");
  EXPECT_EQ(out.deepest, 60u);
  EXPECT_GE(out.deepest_at, std::chrono::minutes(59));
  ASSERT_TRUE(out.last_empty);
  EXPECT_GT(*out.last_empty, std::chrono::minutes(60));
  // A slot without any event holds what was queued before it.
  const size_t half = static_cast<size_t>(std::chrono::minutes(30) / out.slot);
  EXPECT_GE(out.depth.at(half), 30u);
  EXPECT_GT(out.put_off, 0u);
  ASSERT_FALSE(out.put_offs.empty());
  EXPECT_GE(*out.delay_longest, std::chrono::minutes(59));
}

TEST(Summary, endings_are_told_by_reply_and_host) {
  const Summary out = played(
      "host one m1.example.net 192.0.2.1\n"
      "  rcpt wrong* 550 5.1.1 no such user\n"
      "host home mx.here.example 192.0.2.90\n"
      "dns example.net mx 10 m1.example.net\n"
      "dns here.example mx 10 mx.here.example\n"
      "at 0s send from a@here.example to wrong{n}@example.net count 3\n"
      "at 0s send from a@here.example to right@example.net\n"
      "at 0s send from a@here.example to bob@nowhere.example\n");
  EXPECT_EQ(out.accepted, 5u);
  EXPECT_EQ(out.delivered, 1u);
  EXPECT_EQ(out.bounced, 4u);
  ASSERT_THAT(out.endings, SizeIs(2));
  EXPECT_EQ(out.endings[0].count, 3u);
  EXPECT_EQ(out.endings[0].reply, "550 5.1.1 no such user");
  EXPECT_EQ(out.endings[0].host, "m1.example.net");
  EXPECT_EQ(out.endings[1].host, "");
  EXPECT_EQ(out.reports_failure, 4u);
  // Reports are mail too, yet none of what came in.
  EXPECT_EQ(out.hosts[1].messages, 4u);
  EXPECT_EQ(out.duplicates, 0u);
}

TEST(Summary, what_a_route_discards_is_no_bounce) {
  const Summary out = played(
      "route *.old.example via discard\n"
      "host one m1.example.net 192.0.2.1\n"
      "dns example.net mx 10 m1.example.net\n"
      "at 0s send from a@here.example to x{n}@lists.old.example count 3\n"
      "at 0s send from a@here.example to right@example.net\n");
  EXPECT_EQ(out.accepted, 4u);
  EXPECT_EQ(out.discarded, 3u);
  EXPECT_EQ(out.delivered, 1u);
  EXPECT_EQ(out.bounced + out.expired + out.waiting + out.put_off + out.duplicates, 0u);
  ASSERT_THAT(out.endings, SizeIs(1));
  EXPECT_EQ(out.endings[0].count, 3u);
  EXPECT_EQ(out.endings[0].reply, "by the route \"*.old.example\"");
  EXPECT_EQ(out.reports_failure, 0u);
}

TEST(Summary, a_message_that_is_taken_twice_is_counted) {
  Scenario world;
  world.hosts.push_back({.label = "one"});
  Summarizer summary(world);
  summary.arrival({Millis{0}, MessageId{1}, 0, "a@b.example", false});
  summary.taken({Millis{5}, "one", {"a@b.example"}});
  summary.taken({Millis{9}, "one", {"a@b.example"}});
  summary.attempt({Millis{10}, MessageId{1}, 0, queue::State::delivered, {250, {2, 0, 0}, "ok"}, "one"});
  EXPECT_EQ(summary.finish(Millis{20}).duplicates, 1u);
}

TEST(Summary, what_still_waits_at_the_end_is_neither_delivered_nor_lost) {
  Scenario world;
  Summarizer summary(world);
  summary.arrival({Millis{0}, MessageId{1}, 0, "a@b.example", false});
  summary.depth({Millis{0}, 1});
  summary.attempt({Millis{10}, MessageId{1}, 0, queue::State::queued, {451, {4, 3, 0}, "later"}, ""});
  const Summary out = summary.finish(Seconds{30});
  EXPECT_EQ(out.waiting, 1u);
  EXPECT_FALSE(out.delay_median);
  EXPECT_FALSE(out.last_empty);
  EXPECT_THAT(out.depth, SizeIs(31));
  EXPECT_EQ(out.depth.back(), 1u);
}

TEST(Summary, custody_is_balanced_though_what_ended_is_forgotten_on_the_way) {
  // More commits than the engine lets pass between two audits.
  const Summary out = played(std::string(kTwoHosts) +
                             "at 0s send from a@here.example to u{n}@example.net count 12000 every 50ms\n");
  EXPECT_EQ(out.delivered, 12'000u);
  EXPECT_EQ(out.duplicates, 0u);
}

// A stretch that was left out is counted like its sample, to the message.
TEST(Summary, a_calm_stretch_counts_like_its_sample) {
  auto scenario = read_scenario(std::string(kTwoHosts) + "expect queue >= 0 at 0s\n", "x.scn");
  ASSERT_TRUE(scenario);
  Summarizer summary(*scenario);
  Journal::Calm calm;
  calm.from = std::chrono::minutes(5);
  calm.to = std::chrono::minutes(35);
  calm.messages = calm.recipients = 90'001;
  calm.sample_messages = 3'000;
  calm.hosts = {{"one", 1'000, 20}, {"two", 2'000, 40}, {"gone", 0, 1}};
  calm.delays_ms = {{20, 2'900}, {4'000, 100}};
  calm.depth = 7;
  summary.calm(calm);
  const Summary out = summary.finish(std::chrono::hours(1));
  EXPECT_EQ(out.accepted, 90'001u);
  EXPECT_EQ(out.delivered, 90'001u);
  EXPECT_EQ(out.left_out, 90'001u);
  EXPECT_EQ(out.left_out_for, std::chrono::minutes(30));
  EXPECT_EQ(out.duplicates + out.waiting + out.put_off, 0u);
  EXPECT_EQ(out.hosts[0].messages + out.hosts[1].messages, 90'001u);
  EXPECT_NEAR(static_cast<double>(out.hosts[0].messages), 30'000, 1);
  EXPECT_EQ(sum(out.hosts[0].load), out.hosts[0].messages);
  EXPECT_EQ(sum(out.hosts[1].load), out.hosts[1].messages);
  EXPECT_EQ(out.hosts[0].connections, 600u);
  EXPECT_EQ(out.delay_median, Millis{20});
  EXPECT_EQ(out.delay_longest, Seconds{4});
  const auto slot_of = [&](Millis at) { return static_cast<size_t>(at / out.slot); };
  EXPECT_EQ(out.depth[slot_of(std::chrono::minutes(20))], 7u);
  EXPECT_EQ(out.hosts[1].load[slot_of(std::chrono::minutes(50))], 0u);
  const uint64_t in_a_slot = out.hosts[1].load[slot_of(std::chrono::minutes(20))];
  EXPECT_NEAR(static_cast<double>(in_a_slot),
              60'000.0 * static_cast<double>(out.slot.count()) / (30 * 60'000.0), 1);
}
}  // namespace
}  // namespace waybill::rehearse
