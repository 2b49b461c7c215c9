// [overload]: "auto", "off", marks in their order.
#include <gmock/gmock.h>

#include "config/config.h"

namespace waybill::config {
namespace {
using testing::HasSubstr;

Overload good(const std::string& text) {
  const auto config = parse("[overload]\n" + text, "waybill.toml");
  if (!config) ADD_FAILURE() << config.error().at(0).to_string();
  return config ? config->overload : Overload{};
}

std::string bad(const std::string& text) {
  const auto config = parse("[overload]\n" + text, "waybill.toml");
  return config ? "taken" : config.error().at(0).to_string();
}

TEST(OverloadSection, reads_limits) {
  EXPECT_EQ(good(""), Overload{});
  const Overload o = good(
      "queue = 5000\nmemory = \"512 MiB\"\ndescriptors = 1000\ncommit_latency = \"2s\"\nshed_strangers = "
      "60\nshed_everyone = 80\nrecover = 50\ndwell = \"1m\"\n");
  EXPECT_EQ(o.queue_recipients, 5000U);
  EXPECT_EQ(o.memory, (Ceiling{false, 512 * kMiB}));
  EXPECT_EQ(o.descriptors, (Ceiling{false, 1000}));
  EXPECT_EQ(o.commit_latency, Seconds{2});
  EXPECT_EQ(o.shed_strangers_percent, 60U);
  EXPECT_EQ(o.shed_everyone_percent, 80U);
  EXPECT_EQ(o.recover_percent, 50U);
  EXPECT_EQ(o.dwell, std::chrono::minutes{1});
}

TEST(OverloadSection, off_and_0_are_the_same_and_auto_is_the_machine) {
  const Overload off =
      good("queue = \"off\"\nmemory = \"off\"\ndescriptors = \"off\"\ncommit_latency = \"off\"\n");
  EXPECT_EQ(off, good("queue = 0\nmemory = 0\ndescriptors = 0\ncommit_latency = \"0s\"\n"));
  EXPECT_EQ(off.queue_recipients, 0U);
  EXPECT_EQ(off.memory, (Ceiling{false, 0}));
  EXPECT_EQ(good("memory = \"auto\"\ndescriptors = \"auto\"\n"), Overload{});
}

TEST(OverloadSection, marks_rise) {
  EXPECT_THAT(bad("recover = 85\n"), HasSubstr("waybill.toml:1:1: error: overload.recover (85)"));
  EXPECT_THAT(bad("shed_strangers = 95\n"), HasSubstr("must rise"));
  EXPECT_THAT(bad("shed_everyone = 101\n"), HasSubstr("shed_everyone"));
  EXPECT_THAT(bad("queue = \"many\"\n"), HasSubstr("overload.queue"));
  EXPECT_THAT(bad("commit_latency = 5\n"), HasSubstr("overload.commit_latency"));
  EXPECT_THAT(bad("dwell = \"0s\"\n"), HasSubstr("overload.dwell"));
}
}  // namespace
}  // namespace waybill::config
