// One message for several must not change what a rehearsal says.
#include "rehearse/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearse/engine.h"
#include "rehearse/read.h"
#include "rehearse/summary.h"

namespace waybill::rehearse {
namespace {
using std::chrono::minutes;

/// Ten messages a second for ten minutes to one host that does `what`; of these 3,000 come while it is
/// down.
Scenario world(const std::string& what = "down 1m..6m", const std::string& more = "") {
  auto read = read_scenario("host one m1.example.net 192.0.2.1\n  " + what +
                                "\ndns example.net mx 10 m1.example.net\n" + more +
                                "at 0s send from a@here.example to u{n}@example.net count 6000 every 100ms\n"
                                "expect queue >= 0 at 0s\n",
                            "x.scn");
  EXPECT_TRUE(read) << (read ? "" : read.error().what);
  return read ? std::move(*read) : Scenario{};
}

Summary played(const Scenario& scenario, uint64_t each) {
  Summarizer summary(scenario, each);
  const auto ended = run(scenario, summary);
  EXPECT_TRUE(ended) << (ended ? "" : ended.error().what);
  EXPECT_TRUE(ended && ended->custody_faults.empty());
  return summary.finish(ended ? ended->at : Millis{0});
}

TEST(Bundle, is_for_those_who_wait_for_a_host_that_nobody_replaces) {
  EXPECT_EQ(bundle_size(world()), 1u) << "3,000 wait: they can be played";
  EXPECT_EQ(bundle_size(world(), 1'000), 3u);
  EXPECT_EQ(bundle_size(world(), 100), 10u);
  EXPECT_EQ(bundle_size(world("silent 1m..6m"), 100), 10u);
  EXPECT_EQ(bundle_size(world("down 1m..6m", "host two m2.example.net 192.0.2.2\n"), 100), 1u)
      << "it takes them";
  EXPECT_EQ(bundle_size(world("down 1m..6m", "host two m2.example.net 192.0.2.2\n  down 5m..30m\n"), 500),
            1u);
  EXPECT_EQ(bundle_size(world("down 1m..6m", "host two m2.example.net 192.0.2.2\n  down 5m..30m\n"), 200),
            3u);
}

TEST(Bundle, is_for_nothing_that_counts_or_takes_time) {
  for (const char* what :
       {"slow 1s", "connections-max 3", "messages-max 5", "rate-max 20", "rcpt-max 2", "hang dot"})
    EXPECT_EQ(bundle_size(world(std::string("down 1m..6m\n  ") + what), 100), 1u) << what;
  EXPECT_EQ(bundle_size(world("down v4 1m..6m"), 100), 1u) << "the other family is not away";
  Scenario fast = world();
  fast.deliver.ramp.rate_max = 1'000;
  EXPECT_EQ(bundle_size(fast, 100), 1u) << "connections would be what limits it";
}

TEST(Bundle, as_many_come_out_as_were_asked_for) {
  Scenario scenario = world();
  scenario.injections[0].count = 6'001;  // = 17 * 353
  EXPECT_EQ(bundle_size(scenario, 100), 1u);
  scenario.injections[0].count = 6'015;  // = 3 * 5 * 401
  EXPECT_EQ(bundle_size(scenario, 100), 5u);
  scenario.deliver.ramp.start_rate = 2;
  EXPECT_EQ(bundle_size(scenario, 100), 1u) << "two a second are not divided by five";
}

TEST(Bundle, the_picture_is_the_same) {
  const Scenario scenario = world();
  const Summary whole = played(scenario, 1);
  const Summary quick = played(bundled(scenario, 10), 10);
  EXPECT_EQ(whole.each, 1u);
  EXPECT_EQ(quick.each, 10u);
  EXPECT_EQ(quick.accepted, 6'000u);
  EXPECT_EQ(quick.delivered, 6'000u);
  EXPECT_EQ(quick.waiting + quick.duplicates + quick.bounced, 0u);
  EXPECT_EQ(quick.hosts[0].messages, 6'000u);
  const auto near = [](double a, double b, double part) { EXPECT_NEAR(a, b, part * b); };
  const auto number = [](uint64_t value) { return static_cast<double>(value); };
  near(number(quick.deepest), number(whole.deepest), 0.05);
  near(number(quick.put_off), number(whole.put_off), 0.15);
  near(number(quick.hosts[0].most), number(whole.hosts[0].most), 0.15);
  ASSERT_TRUE(quick.last_empty && whole.last_empty);
  EXPECT_NEAR(number(static_cast<uint64_t>(quick.deepest_at.count())),
              number(static_cast<uint64_t>(whole.deepest_at.count())), 60'000);
  near(number(static_cast<uint64_t>(quick.delay_longest->count())),
       number(static_cast<uint64_t>(whole.delay_longest->count())), 0.1);
  // Half of them waited, so that the median moves with the moment of the probe.
  EXPECT_NEAR(number(static_cast<uint64_t>(quick.delay_median->count())),
              number(static_cast<uint64_t>(whole.delay_median->count())), 30'000);
  // The host is met at a probe, whose moment has its chance; from then on both drain alike, and while it is
  // away both wait alike.
  const auto seconds_above = [](const Summary& one, uint64_t depth) {
    const auto after = one.depth.begin() + one.deepest_at / one.slot;
    return static_cast<double>(
        std::count_if(after, one.depth.end(), [depth](uint64_t at) { return at > depth; }) *
        (one.slot / Seconds{1}));
  };
  EXPECT_NEAR(seconds_above(quick, 500), seconds_above(whole, 500), 20);
  const size_t back = static_cast<size_t>(minutes(6) / quick.slot);
  for (size_t at = 0; at < back; ++at)
    EXPECT_NEAR(number(quick.depth[at]), number(whole.depth[at]), 100) << at;
}
}  // namespace
}  // namespace waybill::rehearse
