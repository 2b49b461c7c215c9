// Readings in, levels out: marks, hysteresis and dwell, one by one. What holds for all:
// tests/property/policy.
#include "policy/pressure.h"

#include <gtest/gtest.h>

namespace waybill::policy {
namespace {

class Gauge : public testing::Test {
 protected:
  Shed at(uint64_t percent, Millis later = Seconds{1}) {
    now_ += later;
    PressureReadings readings;
    readings[static_cast<size_t>(Pressure::queue)] = {percent * 10, 1000};
    changes_ = gauge_.step(readings, now_);
    return gauge_.level(Pressure::queue);
  }
  Shed unknown(Millis later = Seconds{1}) {
    now_ += later;
    PressureReadings readings;
    readings[static_cast<size_t>(Pressure::queue)] = {std::nullopt, 1000};
    changes_ = gauge_.step(readings, now_);
    return gauge_.level(Pressure::queue);
  }

  PressureGauge gauge_;
  Steady now_{Seconds{1000}};
  std::vector<PressureGauge::Change> changes_;
};

TEST_F(Gauge, rises_at_once_and_falls_after_the_dwell) {
  EXPECT_EQ(at(84), Shed::nobody);
  EXPECT_EQ(at(85), Shed::strangers);
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_EQ(changes_[0].what, Pressure::queue);
  EXPECT_EQ(changes_[0].from, Shed::nobody);
  EXPECT_EQ(changes_[0].to, Shed::strangers);
  EXPECT_EQ(at(94), Shed::strangers);
  EXPECT_EQ(at(95), Shed::everyone);
  EXPECT_EQ(at(84), Shed::everyone);
  EXPECT_EQ(at(84, Seconds{8}), Shed::everyone);
  EXPECT_EQ(at(84, Seconds{1}), Shed::strangers);    // ten seconds below the upper switch's lower mark
  EXPECT_EQ(at(70, Seconds{100}), Shed::strangers);  // not below 70
  EXPECT_EQ(at(69, Seconds{9}), Shed::strangers);
  EXPECT_EQ(at(69, Seconds{1}), Shed::nobody);
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_EQ(changes_[0].to, Shed::nobody);
}

TEST_F(Gauge, a_spike_begins_the_dwell_anew) {
  EXPECT_EQ(at(90), Shed::strangers);
  EXPECT_EQ(at(10, Seconds{9}), Shed::strangers);
  EXPECT_EQ(at(75), Shed::strangers);
  EXPECT_EQ(at(10, Seconds{9}), Shed::strangers);
  EXPECT_EQ(at(10), Shed::nobody);
}

TEST_F(Gauge, what_is_unknown_changes_nothing) {
  EXPECT_EQ(unknown(), Shed::nobody);
  EXPECT_EQ(at(90), Shed::strangers);
  EXPECT_EQ(unknown(Seconds{100}), Shed::strangers);
  EXPECT_EQ(at(10, Seconds{9}), Shed::strangers);  // nobody knows what was in between
  EXPECT_EQ(at(10, Seconds{1}), Shed::nobody);
}

TEST_F(Gauge, switched_off_it_sheds_nobody) {
  EXPECT_EQ(at(100), Shed::everyone);
  changes_ = gauge_.step(PressureReadings{}, now_);
  EXPECT_EQ(gauge_.now().packed(), 0U);
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_EQ(changes_[0].to, Shed::nobody);
}

TEST(Percent, of_a_limit) {
  EXPECT_EQ(percent_of_limit(Pressure::queue, {850, 1000}), 85U);
  EXPECT_EQ(percent_of_limit(Pressure::queue, {0, 1000}), 0U);
  for (uint64_t n = 0; n <= 100; ++n) EXPECT_EQ(percent_of_limit(Pressure::queue, {n * 7, 700}), n);
  EXPECT_EQ(percent_of_limit(Pressure::queue, {UINT64_MAX, 1}), kPercentMost);
  EXPECT_EQ(percent_of_limit(Pressure::queue, {5, 0}), std::nullopt);
  EXPECT_EQ(percent_of_limit(Pressure::queue, {std::nullopt, 5}), std::nullopt);
  // Free octets against the reserve: half of it left is twice the limit.
  EXPECT_EQ(percent_of_limit(Pressure::disk, {1000, 1000}), 100U);
  EXPECT_EQ(percent_of_limit(Pressure::disk, {500, 1000}), 200U);
  EXPECT_EQ(percent_of_limit(Pressure::disk, {10'000, 1000}), 10U);
  EXPECT_EQ(percent_of_limit(Pressure::disk, {0, 1'000'000}), kPercentMost);
}

TEST(ShedNow, tells_connections_from_mail_and_strangers_from_trusted) {
  PressureGauge gauge;
  PressureReadings readings;
  readings[static_cast<size_t>(Pressure::disk)] = {100, 90};         // strangers
  readings[static_cast<size_t>(Pressure::descriptors)] = {96, 100};  // everyone
  gauge.step(readings, Steady{Seconds{1}});
  const ShedNow now = gauge.now();
  EXPECT_EQ(now.most(), Shed::everyone);
  EXPECT_EQ(shed_connection(now, Standing::stranger), Pressure::descriptors);
  EXPECT_EQ(shed_connection(now, Standing::trusted), Pressure::descriptors);
  EXPECT_EQ(shed_mail(now, Standing::stranger), Pressure::disk);
  EXPECT_EQ(shed_mail(now, Standing::trusted), std::nullopt);
  EXPECT_EQ(ShedNow(now.packed()), now);
}

TEST(ShedReply, is_421_for_connections_and_452_for_mail) {
  EXPECT_EQ(shed_reply(Pressure::descriptors, "mx1.example.org").to_string(),
            "421 4.3.2 mx1.example.org has too much to do at the moment, try again later");
  EXPECT_EQ(shed_reply(Pressure::memory, "h").code, 421);
  EXPECT_EQ(shed_reply(Pressure::disk, "h").to_string(),
            "452 4.3.1 not enough room for new mail, try again later");
  EXPECT_EQ(shed_reply(Pressure::queue, "h").code, 452);
  EXPECT_EQ(shed_reply(Pressure::commit_latency, "h").code, 452);
}
}  // namespace
}  // namespace waybill::policy
