#include "rehearse/read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waybill::rehearse {
namespace {
using testing::HasSubstr;
using testing::StartsWith;

std::string error_of(const std::string& text) {
  const auto read = read_scenario(text, "x.scn");
  return read ? "" : read.error().what;
}

TEST(ReadScenario, an_error_names_file_and_line) {
  EXPECT_THAT(error_of("hostname a.example\n\nfrobnicate 3\n"), StartsWith("x.scn:3: 'frobnicate'"));
  EXPECT_THAT(error_of("host m m.example 192.0.2.1\n  explode\n"), StartsWith("x.scn:2: 'explode'"));
  EXPECT_THAT(error_of("at 0s send from a@b.example to c@d.example loudly\n"),
              AllOf(StartsWith("x.scn:1: 'loudly'"), HasSubstr("does not belong")));
}

TEST(ReadScenario, refuses_what_it_cannot_mean) {
  for (const char* text : {"at 5 send from a@b.example to c@d.example",
                           "at 0s send from a@b.example to <>",
                           "at 0s send from a@b.example to c@d.example count 0",
                           "at 0s fly",
                           "dns a.example mx 65536 b.example",
                           "dns a.example aaaa 192.0.2.1",
                           "dns a.example mx 10 b.example 2h..1h",
                           "dns a.example frob 1",
                           "host m m.example",
                           "  down",
                           "host m m.example 192.0.2.1\n  banner 54",
                           "host m m.example 192.0.2.1\nhost m n.example 192.0.2.2",
                           "expect never attempted nobody",
                           "expect bob delivered",
                           "expect a@b.example attempt 1 between 2h 1h",
                           "expect queue 0",
                           "jitter 101",
                           "retry 0s,",
                           "recovery start-rate 0",
                           "recovery loudly",
                           "rate-max example.net 0",
                           "at 1h etrn *",
                           "host m m.example 192.0.2.1\nexpect m took 30%..20%",
                           "expect queue 0 at 1h now"}) {
    EXPECT_THAT(error_of(text), StartsWith("x.scn:")) << text;
  }
}

TEST(ReadScenario, a_scenario_expects_something) {
  EXPECT_THAT(error_of("hostname a.example\n"), HasSubstr("nothing is expected"));
}

TEST(ReadScenario, reads_windows_counts_and_replies) {
  const auto read = read_scenario(
      "host m m.example 192.0.2.1 2001:db8::1  # a comment\n"
      "  down v6 10m..2h 3h..\n"
      "  rcpt bob@* 450 4.2.1 mailbox busy ..1h\n"
      "at 1m send from <> to b{n}@x.example,c@x.example size 4k count 3 every 2s notify never\n"
      "expect attempts at m between 1m 2m <= 3\n",
      "x.scn");
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->hosts.size(), 1U);
  const auto& doings = read->hosts[0].behaviours;
  ASSERT_EQ(doings.size(), 3U);
  EXPECT_EQ(doings[0].family, Behaviour::Family::v6);
  EXPECT_EQ(doings[0].window.to, std::chrono::hours(2));
  EXPECT_EQ(doings[1].window.from, std::chrono::hours(3));
  EXPECT_EQ(doings[2].reply.to_string(), "450 4.2.1 mailbox busy");
  EXPECT_EQ(doings[2].pattern, "bob@*");
  ASSERT_EQ(read->injections.size(), 1U);
  EXPECT_EQ(read->injections[0].from, "");
  EXPECT_EQ(read->injections[0].to.size(), 2U);
  EXPECT_EQ(read->injections[0].size_octets, 4096U);
  EXPECT_EQ(read->expectations[0].count.is, Count::Is::at_most);
  EXPECT_EQ(read->expectations[0].line, 5);
}

TEST(ReadScenario, reads_rates_and_demands) {
  const auto read = read_scenario(
      "recovery start-rate 5 growth 3 every 10s rate-max 50 pause 1m\n"
      "rate-max example.net 7\n"
      "host m m.example 192.0.2.1\n"
      "  rate-max 20 1h..\n"
      "at 1h retry *\n"
      "at 2h etrn example.net\n"
      "expect m most <= 22 after 1h\n",
      "x.scn");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->deliver.ramp.start_rate, 5);
  EXPECT_EQ(read->deliver.ramp.growth, 3);
  EXPECT_EQ(read->deliver.ramp.grow_every, std::chrono::seconds(10));
  EXPECT_EQ(read->deliver.ramp.rate_max, 50);
  EXPECT_EQ(read->deliver.ramp.pause, std::chrono::minutes(1));
  EXPECT_EQ(read->rate_max.at("example.net"), 7);
  EXPECT_EQ(read->hosts[0].behaviours.at(0).count, 20U);
  ASSERT_EQ(read->demands.size(), 2U);
  EXPECT_EQ(read->demands[0].by, Demand::By::retry);
  EXPECT_EQ(read->demands[0].domain, "");
  EXPECT_EQ(read->demands[1].domain, "example.net");
  EXPECT_EQ(read->expectations[0].what, Expectation::What::most);
}

TEST(Like, stars_match_any_run) {
  EXPECT_TRUE(like("bob@example.net", "*@EXAMPLE.net"));
  EXPECT_TRUE(like("b17@example.net", "b*@*.net"));
  EXPECT_FALSE(like("bob@example.net", "b*@example.org"));
  EXPECT_FALSE(like("bob", "bob?"));
  EXPECT_TRUE(like("", "*"));
}
}  // namespace
}  // namespace waybill::rehearse
