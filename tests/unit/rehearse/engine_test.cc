#include "rehearse/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearse/judge.h"
#include "rehearse/read.h"

namespace waybill::rehearse {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kWorld =
    "host m1 m1.example.net 192.0.2.1\n"
    "  down ..40m\n"
    "host m2 m2.example.net 192.0.2.2\n"
    "  rcpt u3@* 550 5.1.1 no such user\n"
    "dns example.net mx 10 m1.example.net\n"
    "dns example.net mx 10 m2.example.net\n"
    "at 0s send from a@here.example to u{n}@example.net count 100 every 1m\n";

Scenario scenario(const std::string& text) {
  auto read = read_scenario(text, "x.scn");
  EXPECT_TRUE(read) << (read ? "" : read.error().what);
  return read ? std::move(*read) : Scenario{};
}

std::vector<std::string> faults_of(const std::string& expectation) {
  const Scenario world = scenario(kWorld + expectation + "\n");
  const auto journal = run(world);
  EXPECT_TRUE(journal) << (journal ? "" : journal.error().what);
  return journal ? judge(world, *journal) : std::vector<std::string>{};
}

TEST(Rehearsal, the_same_seed_gives_the_same_run) {
  const Scenario world = scenario(std::string(kWorld) + "expect queue 0 at 3h\n");
  const auto one = run(world);
  const auto two = run(world);
  ASSERT_TRUE(one && two);
  ASSERT_EQ(one->taken.size(), two->taken.size());
  for (size_t n = 0; n < one->taken.size(); ++n) {
    EXPECT_EQ(one->taken[n].at, two->taken[n].at);
    EXPECT_EQ(one->taken[n].host, two->taken[n].host);
  }
  ASSERT_EQ(one->connects.size(), two->connects.size());
  EXPECT_EQ(one->end, two->end);
}

TEST(Rehearsal, another_seed_deals_equals_anew) {
  Scenario world = scenario(std::string(kWorld) + "expect queue 0 at 3h\n");
  const auto hosts = [](const Journal& journal) {
    std::string out;
    for (const auto& one : journal.taken) out += one.host;
    return out;
  };
  const auto one = run(world);
  world.seed = 2;
  const auto two = run(world);
  ASSERT_TRUE(one && two);
  EXPECT_NE(hosts(*one), hosts(*two));
}

TEST(Judge, an_unmet_expectation_says_where_and_what_happened) {
  EXPECT_THAT(faults_of("expect u3@example.net bounced 5.1.1 before 1h"), IsEmpty());
  EXPECT_THAT(faults_of("expect u3@example.net delivered"),
              ElementsAre(AllOf(testing::StartsWith("x.scn:8: expect u3@example.net delivered: "),
                                HasSubstr("bounced"), HasSubstr("550 5.1.1"))));
}

TEST(Judge, every_kind_of_expectation_can_fail) {
  for (const char* text :
       {"expect u*@example.net delivered", "expect u3@example.net never bounced",
        "expect u1@example.net discarded", "expect u1@example.net waiting at 10m",
        "expect u1@example.net deferred", "expect u1@example.net attempt 1 after 1h",
        "expect u1@example.net attempts == 2", "expect attempts at m2 == 0", "expect never attempted m1",
        "expect m1 took == 0", "expect m1 took 90%..100%", "expect lookups example.net mx == 0",
        "expect queue 7 at 3h", "expect no dsn to a@here.example", "expect dsn to a@here.example delivered",
        "expect dsn to a@here.example delay", "expect nobody@example.net delivered"}) {
    EXPECT_EQ(faults_of(text).size(), 1U) << text;
  }
}
}  // namespace
}  // namespace waybill::rehearse
