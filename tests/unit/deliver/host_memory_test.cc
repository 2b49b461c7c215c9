// What is remembered of hosts, and how many connections a site gets.
#include "deliver/host_memory.h"

#include <gtest/gtest.h>

#include "deliver/pacing.h"

namespace waybill::deliver {
namespace {
using May = HostMemory::May;
const Peer kPeer{{IpAddress::v4({192, 0, 2, 1}), 25}, {}};
constexpr Steady kStart{Millis{1'000'000}};

mail::Outcome refused() {
  auto out = mail::Outcome::deferred(421, {4, 4, 1}, "refused");
  out.host = "mx.test";
  return out;
}

TEST(HostMemory, one_probe_at_a_time_further_and_further_apart) {
  HostMemory memory({.probe_first = Millis{1'000}, .probe_max = Millis{5'000}});
  EXPECT_EQ(memory.may_try(kPeer, kStart), May::use);
  Steady now = kStart;
  memory.failed(kPeer, refused(), now);
  EXPECT_EQ(memory.may_try(kPeer, now), May::skip);
  for (const auto wait : {1'000, 2'000, 4'000, 5'000, 5'000}) {
    EXPECT_EQ(memory.may_try(kPeer, now + Millis{wait - 1}), May::skip) << wait;
    now += Millis{wait};
    EXPECT_EQ(memory.may_try(kPeer, now), May::probe) << wait;
    EXPECT_EQ(memory.may_try(kPeer, now), May::skip) << "someone else is trying";
    memory.failed(kPeer, refused(), now);
  }
  EXPECT_EQ(memory.find(kPeer)->down_since, kStart);
  EXPECT_TRUE(memory.worked(kPeer));
  EXPECT_EQ(memory.may_try(kPeer, now), May::use);
  EXPECT_EQ(memory.find(kPeer), nullptr);
  EXPECT_FALSE(memory.worked(kPeer));
}

TEST(HostMemory, a_probe_can_be_had_now_and_is_still_only_one) {
  HostMemory memory({.probe_first = Millis{10'000}});
  memory.failed(kPeer, refused(), kStart);
  memory.probe_now("192.0.2.99", kStart);
  EXPECT_EQ(memory.may_try(kPeer, kStart), May::skip) << "another address";
  memory.probe_now("mx.test", kStart);
  EXPECT_EQ(memory.may_try(kPeer, kStart), May::probe);
  memory.probe_now("", kStart);
  EXPECT_EQ(memory.may_try(kPeer, kStart), May::skip) << "someone is trying";
  memory.failed(kPeer, refused(), kStart);
  EXPECT_EQ(memory.find(kPeer)->next_probe, kStart + Millis{10'000}) << "near again";
  EXPECT_TRUE(memory.find(kPeer)->down);
}

TEST(HostMemory, other_credentials_are_a_reason_to_ask_again_where_the_account_was_refused) {
  HostMemory memory({.probe_first = Millis{10'000}});
  const Peer dead{{IpAddress::v4({192, 0, 2, 2}), 25}, {}};
  memory.failed(kPeer, refused(), kStart, HostMemory::About::account);
  memory.failed(dead, refused(), kStart);
  memory.probe_accounts_now(kStart);
  EXPECT_EQ(memory.may_try(dead, kStart), May::skip) << "it has nothing to do with credentials";
  EXPECT_EQ(memory.may_try(kPeer, kStart), May::probe);
  // The reload comes while the old password is being tried.
  memory.probe_accounts_now(kStart);
  EXPECT_EQ(memory.may_try(kPeer, kStart), May::skip) << "someone is trying";
  memory.failed(kPeer, refused(), kStart, HostMemory::About::account);
  EXPECT_EQ(memory.find(kPeer)->next_probe, kStart + Millis{10'000}) << "near again";
  EXPECT_EQ(memory.may_try(kPeer, kStart + Millis{10'000}), May::probe);
  memory.failed(kPeer, refused(), kStart + Millis{10'000});
  memory.probe_accounts_now(kStart + Millis{10'000});
  EXPECT_EQ(memory.may_try(kPeer, kStart + Millis{10'000}), May::skip) << "now it is the host";
}

TEST(HostMemory, a_probe_given_up_leaves_the_place_free) {
  HostMemory memory({.probe_first = Millis{10}});
  memory.failed(kPeer, refused(), kStart);
  EXPECT_EQ(memory.may_try(kPeer, kStart + Millis{10}), May::probe);
  memory.given_up(kPeer);
  EXPECT_EQ(memory.may_try(kPeer, kStart + Millis{10}), May::probe);
}

TEST(HostMemory, many_failures_never_overflow_the_wait) {
  HostMemory memory({.probe_first = Millis{10'000}, .probe_max = Millis{600'000}});
  Steady now = kStart;
  memory.failed(kPeer, refused(), now);
  for (int n = 0; n < 200; ++n) {
    now = memory.find(kPeer)->next_probe;
    ASSERT_EQ(memory.may_try(kPeer, now), May::probe);
    memory.failed(kPeer, refused(), now);
  }
  EXPECT_EQ(memory.find(kPeer)->next_probe, now + Millis{600'000});
}

TEST(HostMemory, connections_that_fall_together_are_one_failure) {
  HostMemory memory({.probe_first = Millis{10'000}, .probe_max = Millis{600'000}});
  for (int n = 0; n < 20; ++n) memory.failed(kPeer, refused(), kStart + Millis{n});
  EXPECT_EQ(memory.find(kPeer)->next_probe, kStart + Millis{10'000});
  EXPECT_EQ(memory.may_try(kPeer, kStart + Millis{10'000}), May::probe);
}

TEST(HostMemory, it_is_bounded) {
  HostMemory memory({.hosts_max = 10});
  for (uint8_t n = 0; n < 100; ++n) {
    memory.failed({{IpAddress::v4({192, 0, 2, n}), 25}, {}}, refused(), kStart + Millis{n});
  }
  EXPECT_EQ(memory.all().size(), 10U);
}

TEST(HostMemory, broken_tls_is_remembered_apart_and_for_a_time) {
  HostMemory memory({.tls_broken_for = Millis{100}});
  memory.tls_failed(kPeer, "mx.test", kStart);
  EXPECT_EQ(memory.may_try(kPeer, kStart), May::use);
  EXPECT_TRUE(memory.tls_broken(kPeer, kStart + Millis{99}));
  EXPECT_FALSE(memory.tls_broken(kPeer, kStart + Millis{100}));
  EXPECT_FALSE(memory.worked(kPeer));
  EXPECT_TRUE(memory.tls_broken(kPeer, kStart));
}

TEST(HostMemory, an_operator_can_make_it_forget) {
  HostMemory memory({});
  memory.failed(kPeer, refused(), kStart);
  memory.forget("192.0.2.2");
  EXPECT_NE(memory.find(kPeer), nullptr);
  memory.forget("192.0.2.1");
  EXPECT_EQ(memory.find(kPeer), nullptr);
  memory.failed(kPeer, refused(), kStart);
  memory.forget("");
  EXPECT_TRUE(memory.all().empty());
}

TEST(Pacing, grows_on_success_and_halves_on_trouble) {
  Pacing pacing({.window_start = 2, .window_max = 20});
  EXPECT_EQ(pacing.connections(), 2U);
  for (int n = 0; n < 1'000; ++n) pacing.succeeded();
  EXPECT_EQ(pacing.connections(), 20U);
  pacing.held_back();
  EXPECT_EQ(pacing.connections(), 10U);
  pacing.held_back();
  EXPECT_EQ(pacing.connections(), 10U) << "one burst is one signal";
  for (int n = 0; n < 12; ++n) pacing.succeeded();
  pacing.held_back();
  EXPECT_LT(pacing.connections(), 10U);
  pacing.limited_to(0);
  EXPECT_EQ(pacing.connections(), 1U);
}
}  // namespace
}  // namespace waybill::deliver
