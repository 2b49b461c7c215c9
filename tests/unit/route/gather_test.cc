#include "route/gather.h"

#include <gmock/gmock.h>

#include <thread>

#include "route/self.h"
#include "support/mail_world.h"

namespace waybill::route {
namespace {
using namespace test;
using testing::ElementsAre;

/// Answers from a thread of its own each, as a real resolver may.
class ThreadedResolver final : public dns::Resolver {
 public:
  explicit ThreadedResolver(MailWorld& world) : world_(world) {}
  ~ThreadedResolver() override {
    for (std::thread& thread : threads_) thread.join();
  }
  void resolve(const dns::Question& question, Done done) override {
    threads_.emplace_back([this, question, done = std::move(done)] { world_.resolve(question, done); });
  }

 private:
  MailWorld& world_;
  std::vector<std::thread> threads_;
};

MailWorld& fill(MailWorld& world) {
  return world.mx("example.org", {{10, "a.example"}, {20, "b.example"}})
      .host("a.example", {"192.0.2.1", "2001:db8::1"})
      .host("b.example", {"192.0.2.2"});
}

TEST(Gather, answers_at_once_end_in_the_same_plan_as_by_hand) {
  MailWorld world;
  fill(world);
  int calls = 0;
  gather(
      {.domain = domain("example.org"), .seed = 7}, world, [](auto job) { job(); },
      [&](Plan plan, const dns::Facts& facts) {
        ++calls;
        EXPECT_EQ(plan.decision, Verdict::deliver);
        EXPECT_EQ(facts.size(), 5U);
      });
  EXPECT_EQ(calls, 1);
}

TEST(Gather, answers_from_other_threads_reach_the_caller_on_its_own) {
  MailWorld world;
  fill(world);
  ThreadedResolver resolver(world);
  const Plan plan = gather_blocking({.domain = domain("example.org")}, resolver);
  EXPECT_THAT(hosts_of(plan), ElementsAre("a.example", "b.example"));
  EXPECT_EQ(world.asked().size(), 5U) << "nothing is asked twice";
}

TEST(Gather, many_rounds_of_threads_are_free_of_races) {
  MailWorld world;
  fill(world);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    ThreadedResolver resolver(world);
    const Self self{.names = {name("a.example"), name("me.example")}};
    EXPECT_EQ(gather_blocking({.domain = domain("example.org"), .self = self, .seed = seed}, resolver).why,
              Why::loops_to_self);
  }
}

TEST(Self, local_addresses_include_loopback_once) {
  const auto addresses = local_addresses();
  ASSERT_TRUE(addresses) << addresses.error().what;
  EXPECT_EQ(std::ranges::count(*addresses, ip("127.0.0.1")), 1);
}
}  // namespace
}  // namespace waybill::route
