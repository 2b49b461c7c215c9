#include "cli/when.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {
const Time kNow{Millis{1'795'255'200'000}};  // 2026-11-21T10:00:00Z

std::string when(std::string_view text) {
  const auto time = cli::parse_when(text, kNow);
  return time ? cli::format_when(*time) : "error: " + time.error().what;
}

TEST(When, absolute_and_relative_times) {
  EXPECT_EQ(when("now"), "2026-11-21T10:00:00Z");
  EXPECT_EQ(when("2026-11-23T10:00:00Z"), "2026-11-23T10:00:00Z");
  EXPECT_EQ(when("2026-11-23T10:00:00.250z"), "2026-11-23T10:00:00Z");
  EXPECT_EQ(when("2026-11-23T00:30:00+01:00"), "2026-11-22T23:30:00Z");
  EXPECT_EQ(when("2026-11-23T00:30:00-05:30"), "2026-11-23T06:00:00Z");
  EXPECT_EQ(when("+2d"), "2026-11-23T10:00:00Z");
  EXPECT_EQ(when(" in 6h "), "2026-11-21T16:00:00Z");
  EXPECT_EQ(when("IN 1h30m"), "2026-11-21T11:30:00Z");
}

TEST(When, what_is_neither_says_so) {
  for (const std::string_view text :
       {"", "tomorrow", "2d", "+", "in ", "+2", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T10:00:00",
        "2026-11-23T10:00:00+24:00", "2026-11-23T10:00:00+0100", "+99999w", "+01:00", "Z"}) {
    EXPECT_TRUE(when(text).starts_with("error: ")) << text << " -> " << when(text);
  }
}
}  // namespace
}  // namespace waybill
