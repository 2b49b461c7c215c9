// From readings to what clients are told, what sessions have room, and what status says.
#include "daemon/overload.h"

#include <gmock/gmock.h>

#include <fstream>

#include "daemon/machine_readings.h"

namespace waybill::daemon {
namespace {
using policy::Pressure;
using policy::Standing;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;

class OverloadTest : public testing::Test {
 protected:
  OverloadTest() {
    config_.hostname = mail::Domain::parse("mx1.example.org").value();
    config_.data_dir = "/nonexistent";
    config_.overload.queue_recipients = 1000;
    config_.overload.memory = {.automatic = false, .value = 1000};
    config_.overload.descriptors = {.automatic = false, .value = 100};
    config_.overload.commit_latency = Millis{1000};
    overload_.configure(config_, config_.queue.reserve_octets);
  }
  /// Everything at ease but this.
  bool take(Pressure what, uint64_t value, Millis later = Seconds{1}) {
    clock_.advance(later);
    policy::PressureReadings readings;
    readings[0] = {0, 1000};
    readings[1] = {1'000'000, 1000};
    readings[2] = {0, 1000};
    readings[3] = {0, 100};
    readings[4] = {0, 1000};
    readings[static_cast<size_t>(what)].value = value;
    return overload_.take(readings);
  }
  std::string told(Standing who) {
    const auto reply = overload_.at_mail(who);
    return reply ? reply->to_string() : "";
  }

  config::Config config_;
  ManualClock clock_;
  Overload overload_{clock_};
};

TEST_F(OverloadTest, nobody_is_told_anything_at_ease) {
  EXPECT_FALSE(take(Pressure::queue, 849));
  EXPECT_FALSE(overload_.sheds());
  EXPECT_EQ(told(Standing::stranger), "");
  EXPECT_EQ(overload_.at_injection(), std::nullopt);
  EXPECT_EQ(overload_.status().shed, "nobody");
}

TEST_F(OverloadTest, mail_is_put_off_for_strangers_first) {
  EXPECT_FALSE(take(Pressure::queue, 850)) << "no session has to go for a long queue";
  EXPECT_THAT(told(Standing::stranger), HasSubstr("452 4.3.2"));
  EXPECT_EQ(told(Standing::trusted), "");
  EXPECT_TRUE(overload_.at_rcpt(Standing::stranger));
  EXPECT_EQ(overload_.at_injection(), std::nullopt);
  take(Pressure::queue, 950);
  EXPECT_THAT(told(Standing::trusted), HasSubstr("452 4.3.2"));
  EXPECT_TRUE(overload_.at_injection());
  overload_.connections_told(7);
  const auto status = overload_.status();
  EXPECT_EQ(status.shed, "everyone");
  EXPECT_EQ(status.connections_told, 7U);
  EXPECT_EQ(status.commands_told, 4U);
  EXPECT_EQ(status.pressures[0].told, 4U);
  EXPECT_EQ(status.pressures[0].percent, 95U);
  EXPECT_EQ(status.pressures[0].shed, "everyone");
  EXPECT_EQ(status.pressures[0].since, clock_.now());
}

TEST_F(OverloadTest, connections_are_shed_by_421_and_injection_costs_none) {
  EXPECT_TRUE(take(Pressure::descriptors, 85)) << "idle strangers have to go";
  EXPECT_THAT(told(Standing::stranger), HasSubstr("421 4.3.2 mx1.example.org"));
  EXPECT_EQ(overload_.at_rcpt(Standing::stranger), std::nullopt) << "a transaction is finished";
  EXPECT_FALSE(take(Pressure::descriptors, 86)) << "once a rise";
  EXPECT_TRUE(take(Pressure::descriptors, 95));
  EXPECT_EQ(overload_.at_injection(), std::nullopt);
}

TEST_F(OverloadTest, between_two_readings_the_room_holds_a_flood) {
  take(Pressure::descriptors, 40);
  EXPECT_EQ(overload_.room(10).strangers, 10U + 45U);
  EXPECT_EQ(overload_.room(10).everyone, 10U + 55U);
  take(Pressure::descriptors, 90);
  EXPECT_EQ(overload_.room(60).strangers, 0U);
  EXPECT_EQ(overload_.room(60).everyone, 65U);
  take(Pressure::descriptors, 95);
  EXPECT_EQ(overload_.room(65).everyone, 0U);
  for (int i = 0; i < 20; ++i) take(Pressure::descriptors, 10);
  EXPECT_EQ(overload_.room(5).strangers, 80U);
}

TEST_F(OverloadTest, what_was_not_found_out_holds_the_level) {
  take(Pressure::memory, 900);
  policy::PressureReadings unknown;
  for (auto& reading : unknown) reading.limit = 100;
  for (int i = 0; i < 100; ++i) {
    clock_.advance(Seconds{1});
    overload_.take(unknown);
  }
  EXPECT_EQ(overload_.status().pressures[2].shed, "strangers");
  EXPECT_EQ(overload_.status().pressures[2].value, std::nullopt);
  EXPECT_EQ(overload_.room(5).everyone, UINT32_MAX) << "descriptors unknown: limits.sessions alone holds";
}

TEST_F(OverloadTest, the_machine_is_read_and_what_is_off_is_not) {
  const auto all = overload_.read(17);
  EXPECT_EQ(all[0].value, 17U);
  EXPECT_EQ(all[1].value, std::nullopt) << "there is no such folder";
  EXPECT_GT(all[2].value.value_or(0), 100'000U);
  EXPECT_GT(all[3].value.value_or(0), 2U);
  EXPECT_EQ(all[4].value, 0U);
  config_.overload = {.queue_recipients = 0,
                      .memory = {.automatic = false, .value = 0},
                      .descriptors = {.automatic = false, .value = 0},
                      .commit_latency = Millis{0}};
  config_.queue.reserve_octets = 0;
  overload_.configure(config_, config_.queue.reserve_octets);
  for (const auto& reading : overload_.read(17)) EXPECT_EQ(reading, policy::PressureReading{});
  config_.overload = {};
  overload_.configure(config_, config_.queue.reserve_octets);
  const auto automatic = overload_.read(17);
  EXPECT_EQ(automatic[3].limit, descriptors_max().value_or(0));
  EXPECT_EQ(automatic[2].limit, memory_max_octets().value() / 4 * 3);
}

TEST_F(OverloadTest, metrics_name_each_pressure) {
  overload_.take(overload_.read(850));
  overload_.connections_told(3);
  const auto gauges = overload_.gauges();
  EXPECT_THAT(gauges, Contains(testing::AllOf(Field(&Gauge::name, "waybill_pressure_queue_percent"),
                                              Field(&Gauge::value, 85.0))));
  EXPECT_THAT(gauges, Contains(testing::AllOf(Field(&Gauge::name, "waybill_overload_connections_told"),
                                              Field(&Gauge::value, 3.0))));
}

TEST(CommitClock, is_the_time_that_99_of_100_stay_below) {
  CommitClock clock;
  Steady now{Seconds{1000}};
  EXPECT_EQ(clock.sample(now), 0U);
  for (int i = 0; i < 1000; ++i) {
    clock.began();
    clock.ended(Millis{i < 990 ? 3 : 900});
  }
  EXPECT_EQ(clock.sample(now += Seconds{1}), 4U);  // rounded up, never down
  clock.began();
  clock.ended(Millis{900});
  const uint64_t slow = clock.sample(now += Seconds{1});
  EXPECT_GE(slow, 900U);
  EXPECT_LE(slow, 945U);
  for (size_t i = 0; i < CommitClock::kSlices; ++i) (void)clock.sample(now += Seconds{1});
  EXPECT_EQ(clock.sample(now += Seconds{1}), 0U) << "nothing lately";
  clock.began();
  clock.ended(Millis{10'000'000});
  EXPECT_EQ(clock.sample(now += Seconds{1}), 65'536U);
}

TEST(CommitClock, what_hangs_counts_by_how_long) {
  CommitClock clock;
  Steady now{Seconds{1000}};
  clock.began();
  EXPECT_EQ(clock.sample(now), 0U);
  EXPECT_EQ(clock.sample(now += Seconds{5}), 5000U);
  EXPECT_EQ(clock.sample(now += Seconds{5}), 10'000U);
  clock.began();
  clock.ended(Millis{1});
  EXPECT_EQ(clock.sample(now += Seconds{1}), 1U) << "something came back";
  clock.ended(Millis{1});
  EXPECT_EQ(clock.sample(now += Seconds{100}), 1U);
}

TEST(MachineReadings, the_tightest_control_group_counts) {
  const std::string root = testing::TempDir() + "/waybill-cgroup";
  std::filesystem::create_directories(root + "/a.slice/b.service");
  const auto write = [&](const std::string& where, const char* text) {
    std::ofstream(root + where + "/memory.max") << text;
  };
  write("/a.slice", "1000000\n");
  write("/a.slice/b.service", "max\n");
  EXPECT_EQ(group_memory_max("12:cpu:/x\n0::/a.slice/b.service\n", root), 1'000'000U);
  write("/a.slice/b.service", "500000\n");
  EXPECT_EQ(group_memory_max("0::/a.slice/b.service\n", root), 500'000U);
  EXPECT_EQ(group_memory_max("0::/\n", root), std::nullopt);
  EXPECT_EQ(group_memory_max("", root), std::nullopt);
  std::filesystem::remove_all(root);
}
}  // namespace
}  // namespace waybill::daemon
