// Equal hosts get equal shares (RFC 5321 5.1), over real sockets: message by message and in a burst; and what
// becomes of the share of a host that is down, hangs, or comes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "deliver/manager.h"
#include "support/delivery_kit.h"
#include "support/smtp_peer.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::make_delivery;
using test::ManagerKit;
using test::smtp_targets;
using test::SmtpPeer;

constexpr size_t kHosts = 4;

/// Deals the equals anew for every delivery, as the planner does, but the same in every run.
class Dealer {
 public:
  explicit Dealer(TargetsPtr targets) : targets_(std::move(targets)) {}
  TargetsPtr deal() {
    auto out = std::make_shared<Targets>(*targets_);
    for (Tier& tier : out->tiers) std::ranges::shuffle(tier, random_);
    return out;
  }

 private:
  TargetsPtr targets_;
  std::mt19937_64 random_{20'260'101};
};

std::vector<test::HostAt> equals(const std::vector<uint16_t>& ports) {
  std::vector<test::HostAt> hosts;
  for (size_t n = 0; n < ports.size(); ++n)
    hosts.push_back({10, "mx" + std::to_string(n + 1), "127.0.0.1", ports[n]});
  return hosts;
}

TEST(Rfc, rfc_021_a_trickle_is_shared_evenly_by_equal_hosts) {
  const SmtpPeer peers[kHosts];
  ManagerKit kit;
  Dealer dealer(
      smtp_targets("s", equals({peers[0].port(), peers[1].port(), peers[2].port(), peers[3].port()})));
  std::map<std::string, int> wished;
  std::map<std::string, int> share;
  for (int n = 0; n < 400; ++n) {
    const auto dealt = dealer.deal();
    ++wished[dealt->tiers[0][0].host];
    kit.router.set("dest.test", dealt);
    const auto outcome = kit.one(make_delivery({"user@dest.test"}));
    ASSERT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
    ++share[outcome.host];
  }
  // Three standard deviations of 400 draws at 1/4 are 26. Only while the window is still small may a
  // delivery go to another than its own first host.
  ASSERT_EQ(share.size(), kHosts);
  for (const auto& [host, count] : share) {
    EXPECT_NEAR(count, 100, 26) << host;
    EXPECT_NEAR(count, wished[host], 8) << host;
  }
  int connections = 0;
  for (const SmtpPeer& peer : peers) connections += peer.connections();
  EXPECT_LE(connections, 40);  // kept and used again: four, and one more after every 100 messages or race
}

TEST(Rfc, rfc_021_a_burst_is_shared_too_and_reuses_connections) {
  const SmtpPeer peers[kHosts];
  ManagerKit kit;
  Dealer dealer(
      smtp_targets("s", equals({peers[0].port(), peers[1].port(), peers[2].port(), peers[3].port()})));
  for (int n = 0; n < 800; ++n) {
    kit.on_conductor([&] { kit.router.set("dest.test", dealer.deal()); });
    kit.start(make_delivery({"user@dest.test"}));
  }
  const auto results = kit.results(800);
  ASSERT_EQ(results.size(), 800U);
  for (const auto& result : results) ASSERT_EQ(result.outcomes[0].fate, Fate::delivered);
  int connections = 0;
  for (const SmtpPeer& peer : peers) {
    EXPECT_GE(peer.messages().size(), 120U);
    EXPECT_LE(peer.messages().size(), 280U);
    connections += peer.connections();
  }
  EXPECT_LE(connections, 60);
}

TEST(LoadSharing, the_share_of_a_dead_host_goes_to_its_equals_and_returns_with_it) {
  auto second = std::make_unique<SmtpPeer>();
  const uint16_t port = second->port();
  second.reset();
  const SmtpPeer first;
  Settings settings;
  settings.memory.probe_first = Millis{40};
  settings.memory.probe_max = Millis{80};
  ManagerKit kit(settings);
  Dealer dealer(smtp_targets("s", equals({first.port(), port})));
  const auto send = [&] {
    kit.router.set("dest.test", dealer.deal());
    return kit.one(make_delivery({"user@dest.test"}));
  };
  for (int n = 0; n < 40; ++n) {
    const auto outcome = send();
    ASSERT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
    ASSERT_EQ(outcome.host, "mx1");
  }
  const SmtpPeer back({"PIPELINING"}, {}, "127.0.0.1", port);
  ASSERT_TRUE(back.ok());
  int to_second = 0;
  for (int n = 0; n < 5'000 && to_second < 20; ++n) {
    const auto outcome = send();
    ASSERT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
    to_second += outcome.host == "mx2" ? 1 : 0;
  }
  EXPECT_EQ(to_second, 20);
}

TEST(LoadSharing, a_host_that_never_greets_holds_up_nothing_for_long) {
  const SmtpPeer good;
  SmtpPeer mute({}, [](const std::string& command, int) -> std::optional<std::string> {
    return command == "BANNER" ? std::optional<std::string>("220-and then nothing") : std::nullopt;
  });
  Settings settings;
  settings.timeouts.idle = Millis{60'000};
  ManagerKit kit(settings);
  const auto good_first = smtp_targets("s", equals({good.port(), mute.port()}));
  auto mute_first = std::make_shared<Targets>(*good_first);
  std::ranges::reverse(mute_first->tiers[0]);
  kit.router.set("dest.test", good_first);
  ASSERT_EQ(kit.one(make_delivery({"user@dest.test"})).host, "mx1");
  kit.router.set("dest.test", mute_first);
  const Steady before = net::steady_now();
  for (int n = 0; n < 5; ++n) EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).host, "mx1");
  EXPECT_LT(net::steady_now() - before, Millis{8'000});
  EXPECT_EQ(mute.connections(), 1);
}

TEST(LoadSharing, a_window_of_one_still_delivers_everything) {
  const SmtpPeer peers[2];
  Settings settings;
  settings.pacing.window_start = 1;
  settings.pacing.window_max = 1;
  ManagerKit kit(settings);
  Dealer dealer(smtp_targets("s", equals({peers[0].port(), peers[1].port()})));
  for (int n = 0; n < 50; ++n) {
    kit.router.set("dest.test", dealer.deal());
    ASSERT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::delivered);
  }
  EXPECT_EQ(peers[0].messages().size() + peers[1].messages().size(), 50U);
}
}  // namespace
}  // namespace waybill::deliver
