// A host that comes back: one message first, then the rest, and never a stampede.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "support/delivery_kit.h"
#include "support/smtp_peer.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::ManagerKit;
using test::smtp_targets;
using test::SmtpPeer;

Settings quick() {
  Settings out;
  out.memory.probe_first = Millis{40};
  out.memory.probe_max = Millis{80};
  out.timeouts.idle = Millis{500};
  out.ramp = {
      .start_rate = 1'000, .growth = 2, .grow_every = Millis{100}, .rate_max = 1'000, .pause = Millis{100}};
  return out;
}

std::shared_ptr<mail::Delivery> old_delivery(uint64_t id = 7) {
  auto out = test::make_delivery({"user@dest.test"}, "Subject: x\r\n\r\nhello\r\n", id);
  out->backlog = out->unreached = true;
  return out;
}

TEST(Recovery, nothing_goes_beside_the_first_message_until_it_got_through) {
  // The first message is answered only when the test says so.
  std::promise<void> go_on;
  const std::shared_future<void> released = go_on.get_future().share();
  std::atomic<int> mails{0};
  SmtpPeer peer({"PIPELINING"}, [&](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("MAIL") && ++mails == 1) released.wait();
    return std::nullopt;
  });
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  for (uint64_t n = 0; n < 30; ++n) kit.start(old_delivery(n + 1));
  for (uint64_t n = 0; n < 30; ++n) kit.start(test::make_delivery({"new@dest.test"}));
  while (mails == 0) std::this_thread::yield();
  const auto status = kit.status();
  EXPECT_EQ(status.sites.at(0).recovery.phase, Recovery::Phase::probing);
  EXPECT_EQ(status.sites.at(0).queued, 59U);
  EXPECT_EQ(mails, 1);
  EXPECT_EQ(peer.connections(), 1);
  go_on.set_value();
  const auto results = kit.results(60);
  ASSERT_EQ(results.size(), 60U);
  for (const auto& result : results) EXPECT_EQ(result.outcomes.at(0).fate, Fate::delivered);
  EXPECT_EQ(kit.back(1), std::vector<std::string>{"s/dest.test"});
}

TEST(Recovery, a_probe_that_hears_less_mail_is_a_failure) {
  SmtpPeer peer({"PIPELINING"}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("MAIL")) return "452 4.3.1 no room";
    return std::nullopt;
  });
  Settings settings = quick();
  settings.memory.probe_first = Millis{60'000};
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  for (uint64_t n = 0; n < 20; ++n) kit.start(old_delivery(n + 1));
  const auto results = kit.results(20);
  ASSERT_EQ(results.size(), 20U);
  for (const auto& result : results) EXPECT_EQ(result.outcomes.at(0).fate, Fate::deferred);
  int mails = 0;
  for (const auto& command : peer.commands()) mails += command.starts_with("MAIL") ? 1 : 0;
  EXPECT_EQ(mails, 1) << "the others are not tried";
  EXPECT_TRUE(kit.status().sites.at(0).down);
}

TEST(Recovery, a_probe_refused_for_its_own_sake_is_followed_by_another_alone) {
  std::atomic<int> mails{0};
  SmtpPeer peer({"PIPELINING"}, [&](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("MAIL")) ++mails;
    if (command.starts_with("RCPT") && mails <= 3) return "550 5.1.1 no such user";
    return std::nullopt;
  });
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  for (uint64_t n = 0; n < 10; ++n) kit.start(old_delivery(n + 1));
  int rejected = 0;
  for (const auto& result : kit.results(10)) rejected += result.outcomes.at(0).fate == Fate::rejected ? 1 : 0;
  EXPECT_EQ(rejected, 3);
  EXPECT_EQ(peer.messages().size(), 7U);
  EXPECT_EQ(kit.back(1).size(), 1U);
}

TEST(Recovery, fresh_mail_to_a_host_that_never_failed_waits_for_nothing) {
  const SmtpPeer peer;
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 50; ++n) kit.start(test::make_delivery({"user@dest.test"}));
  EXPECT_EQ(kit.results(50).size(), 50U);
  const auto status = kit.status();
  EXPECT_EQ(status.sites.at(0).recovery.phase, Recovery::Phase::normal);
  EXPECT_EQ(status.sites.at(0).recovery.rate_max, 0);
}

TEST(Recovery, drain_of_a_destination_that_works_brings_all_that_waits_there) {
  const SmtpPeer peer;
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  kit.on_conductor([&] { kit.manager().drain(*mail::Domain::parse("dest.test")); });
  // The kit answers the wish for a message to probe with; when that got through, all is released.
  EXPECT_EQ(kit.back(1), std::vector<std::string>{"s/dest.test"});
  EXPECT_EQ(peer.messages().size(), 1U);
}

TEST(Recovery, drain_where_nothing_waits_leaves_no_trace) {
  const SmtpPeer peer;
  ManagerKit kit(quick());
  kit.on_wish([](const std::string&, const std::vector<mail::Domain>&) { return false; });
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  kit.on_conductor([&] { kit.manager().drain(*mail::Domain::parse("dest.test")); });
  const auto status = kit.status();
  EXPECT_FALSE(status.sites.at(0).down);
  EXPECT_EQ(status.sites.at(0).domains_waiting, 0U);
  EXPECT_EQ(kit.one(test::make_delivery({"user@dest.test"})).fate, Fate::delivered);
}

}  // namespace
}  // namespace waybill::deliver
