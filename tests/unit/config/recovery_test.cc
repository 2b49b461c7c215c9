// [recovery] and the keys of a domain that is handed on: what they mean and where they don't belong.
#include <gmock/gmock.h>

#include "config/config.h"

namespace waybill::config {
namespace {
using testing::HasSubstr;

std::string fault(std::string_view text) {
  const auto config = parse(text, "waybill.toml");
  if (config) return "no fault";
  std::string all;
  for (const Located& error : config.error()) all += error.to_string() + "\n";
  return all;
}

TEST(Recovery, every_key_is_read) {
  const auto config = parse(
      "[recovery]\nstart_rate = 2\ngrowth = 1.5\ngrow_every = \"30s\"\nrate_max = 40\npause = \"1m\"\n"
      "[domain.\"example.net\"]\nrole = \"backup\"\nrate_max = 0.5\netrn_from = [\"192.0.2.0/28\"]\n",
      "waybill.toml");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->recovery, (Recovery{2, 1.5, Seconds{30}, 40, Seconds{60}}));
  EXPECT_EQ(config->domains.at(0).rate_max, 0.5);
  ASSERT_EQ(config->domains.at(0).etrn_from.size(), 1U);
  EXPECT_EQ(config->domains.at(0).etrn_from[0].to_string(), "192.0.2.0/28");
}

TEST(Recovery, a_rate_of_nothing_or_less_is_refused) {
  EXPECT_THAT(fault("[recovery]\nstart_rate = 0\n"), HasSubstr("0 is not between"));
  EXPECT_THAT(fault("[recovery]\ngrowth = 0.5\n"), HasSubstr("0.5 is not between"));
  EXPECT_THAT(fault("[domain.\"a.example\"]\nrole = \"relay\"\nrate_max = -1\n"),
              HasSubstr("-1 is not between"));
}

TEST(Recovery, a_rate_above_the_most_is_refused) {
  EXPECT_THAT(fault("[recovery]\nstart_rate = 300\n"), HasSubstr("recovery.start_rate (300/s) is above"));
  EXPECT_EQ(fault("[recovery]\nstart_rate = 300\nrate_max = 300\n"), "no fault");
}

TEST(Recovery, its_keys_are_no_business_of_a_primary) {
  const std::string primary = "[domain.\"a.example\"]\nrole = \"primary\"\nusers = [\"*\"]\n";
  EXPECT_THAT(fault(primary + "rate_max = 5\n"), HasSubstr("rate_max is for backup and relay"));
  EXPECT_THAT(fault(primary + "etrn_from = [\"192.0.2.0/28\"]\n"),
              HasSubstr("etrn_from is for backup and relay"));
}

TEST(Recovery, nobody_lets_the_whole_internet_ask) {
  EXPECT_THAT(fault("[domain.\"a.example\"]\nrole = \"backup\"\netrn_from = [\"0.0.0.0/0\"]\n"),
              HasSubstr("etrn_from"));
}

}  // namespace
}  // namespace waybill::config
