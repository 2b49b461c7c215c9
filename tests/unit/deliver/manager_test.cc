// The manager over real loopback sockets: reuse, falling over, host memory, pacing, stopping.
#include "deliver/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <set>

#include "deliver/site.h"
#include "support/delivery_kit.h"
#include "support/smtp_peer.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::make_delivery;
using test::ManagerKit;
using test::smtp_targets;
using test::SmtpPeer;

Settings quick() {
  Settings settings;
  settings.memory.probe_first = Millis{40};
  settings.memory.probe_max = Millis{200};
  settings.timeouts.quit = Millis{500};
  return settings;
}

// A port where nothing listens, and nothing will while `hold` lives.
uint16_t dead_port() {
  const SmtpPeer gone;
  return gone.port();
}

TEST(Manager, a_message_goes_out_over_a_real_socket) {
  const SmtpPeer peer;
  ManagerKit kit;
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx.dest.test", "127.0.0.1", peer.port()}}));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}, "Subject: hi\r\n\r\n.dot\r\n"));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_EQ(outcome.host, "mx.dest.test");
  EXPECT_TRUE(outcome.remote);
  const auto messages = peer.messages();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].body, "Subject: hi\r\n\r\n.dot\r\n");
  EXPECT_TRUE(messages[0].from.starts_with("MAIL FROM:<sender@source.test>"));
  EXPECT_EQ(messages[0].to, std::vector<std::string>{"RCPT TO:<user@dest.test>"});
}

TEST(Manager, a_large_body_goes_by_data_too) {
  const SmtpPeer peer({"PIPELINING", "8BITMIME"});
  ManagerKit kit;
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  std::string body = "Subject: big\r\n\r\n";
  for (int n = 0; n < 20'000; ++n) body += (n % 3 == 0 ? "." : "line ") + std::to_string(n) + "\r\n";
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"}, body)).fate, Fate::delivered);
  ASSERT_EQ(peer.messages().size(), 1U);
  EXPECT_TRUE(peer.messages()[0].body == body);
}

TEST(Manager, messages_share_a_few_connections) {
  const SmtpPeer peer;
  ManagerKit kit;
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 60; ++n) kit.start(make_delivery({"user@dest.test"}));
  const auto results = kit.results(60);
  ASSERT_EQ(results.size(), 60U);
  for (const auto& result : results) EXPECT_EQ(result.outcomes[0].fate, Fate::delivered);
  EXPECT_EQ(peer.messages().size(), 60U);
  EXPECT_LE(peer.connections(), 20);
}

TEST(Manager, a_connection_carries_no_more_than_its_limit) {
  const SmtpPeer peer;
  Settings settings = quick();
  settings.pacing.messages_per_connection_max = 3;
  settings.pacing.window_max = 1;
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 12; ++n) kit.start(make_delivery({"user@dest.test"}));
  ASSERT_EQ(kit.results(12).size(), 12U);
  std::map<int, int> per_connection;
  for (const auto& message : peer.messages()) ++per_connection[message.connection];
  for (const auto& [connection, count] : per_connection) EXPECT_LE(count, 3);
  EXPECT_EQ(peer.connections(), 4);
}

TEST(Rfc, rfc_026_best_host_refuses_tcp_next_in_the_same_attempt) {
  const SmtpPeer backup;
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx1", "127.0.0.1", dead_port()},
                                                 {20, "mx2", "127.0.0.1", backup.port()}}));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered);
  EXPECT_EQ(outcome.host, "mx2");
}

TEST(Rfc, rfc_027_a_crowded_tier_never_hides_the_next) {
  Targets targets;
  targets.decision = TargetsDecision::deliver;
  Tier crowded;
  for (uint8_t n = 1; n <= 6; ++n) {
    crowded.push_back({1, "mx" + std::to_string(n), {IpAddress::v4({192, 0, 2, n})}, 25});
  }
  targets.tiers = {crowded, {{3, "last", {IpAddress::v4({192, 0, 2, 99})}, 25}}};
  const auto order = order_candidates(targets, {}, 5);
  ASSERT_EQ(order.size(), 6U);
  EXPECT_EQ(order.back().host, "last");
}

TEST(Rfc, rfc_028_one_address_behind_two_targets_is_tried_once) {
  Targets targets;
  const auto ip = IpAddress::v4({192, 0, 2, 1});
  targets.tiers = {{{10, "a", {ip}, 25}, {10, "b", {ip}, 25}}, {{20, "c", {ip}, 25}}};
  EXPECT_EQ(order_candidates(targets, {}, 5).size(), 1U);
}

TEST(Manager, equal_hosts_share_by_load) {
  Targets targets;
  targets.tiers = {
      {{10, "a", {IpAddress::v4({192, 0, 2, 1})}, 25}, {10, "b", {IpAddress::v4({192, 0, 2, 2})}, 25}}};
  EXPECT_EQ(order_candidates(targets, {}, 5)[0].host, "a");
  EXPECT_EQ(order_candidates(targets, {{"a", 1}}, 5)[0].host, "b");
}

TEST(Rfc, rfc_052_421_tries_the_next_host) {
  SmtpPeer busy({"PIPELINING"}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("MAIL")) return "421 4.3.2 closing";
    return std::nullopt;
  });
  const SmtpPeer other;
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx1", "127.0.0.1", busy.port()},
                                                 {20, "mx2", "127.0.0.1", other.port()}}));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_EQ(outcome.host, "mx2");
}

TEST(Manager, a_421_everywhere_defers_with_the_last_words) {
  const auto script = [](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("RCPT")) return "421 4.3.2 not now";
    return std::nullopt;
  };
  SmtpPeer one({}, script);
  SmtpPeer two({}, script);
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx1", "127.0.0.1", one.port()},
                                                 {20, "mx2", "127.0.0.1", two.port()}}));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::deferred);
  EXPECT_EQ(outcome.reply.code, 421);
  EXPECT_TRUE(outcome.remote);
}

TEST(Rfc, rfc_053_banner_554_goes_to_the_next_mx) {
  SmtpPeer no({}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command == "BANNER") return "554 5.3.2 no mail here";
    return std::nullopt;
  });
  const SmtpPeer yes;
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx1", "127.0.0.1", no.port()},
                                                 {20, "mx2", "127.0.0.1", yes.port()}}));
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).host, "mx2");
  for (const auto& command : no.commands()) EXPECT_EQ(command, "QUIT");
}

TEST(Manager, hosts_that_all_greet_with_521_end_the_mail) {
  SmtpPeer no({}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command == "BANNER") return "521 5.3.2 never";
    return std::nullopt;
  });
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx1", "127.0.0.1", no.port()}}));
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::rejected);
}

TEST(Rfc, rfc_043_a_dead_host_gets_one_probe_however_many_wait) {
  SmtpPeer dead({}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command == "BANNER") return "";
    return std::nullopt;
  });
  Settings settings = quick();
  settings.memory.probe_first = Millis{60'000};
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", dead.port()}}));
  for (int n = 0; n < 100; ++n) kit.start(make_delivery({"user@dest.test"}));
  const auto results = kit.results(100);
  ASSERT_EQ(results.size(), 100U);
  for (const auto& result : results) {
    EXPECT_EQ(result.outcomes[0].fate, Fate::deferred);
    EXPECT_EQ(result.outcomes[0].host, "mx");
  }
  EXPECT_EQ(dead.connections(), 1);
  const auto status = kit.status();
  ASSERT_EQ(status.hosts.size(), 1U);
  EXPECT_TRUE(status.hosts[0].down);
  EXPECT_EQ(status.sites[0].domains_waiting, 1U);
}

TEST(Manager, a_dead_host_does_not_slow_others) {
  const SmtpPeer alive;
  Settings settings = quick();
  settings.memory.probe_first = Millis{60'000};
  ManagerKit kit(settings);
  kit.router.set("dead.test", smtp_targets("d", {{10, "mx", "127.0.0.1", dead_port()}}));
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", alive.port()}}));
  for (int n = 0; n < 2'000; ++n) kit.start(make_delivery({"user@dead.test"}));
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).reply.code != 0, true);
  kit.results(2'001);
  EXPECT_EQ(alive.messages().size(), 1U);
}

TEST(Rfc, rfc_041_a_host_that_is_back_releases_the_mail_sooner) {
  const uint16_t port = dead_port();
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("site", {{10, "mx", "127.0.0.1", port}}));
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::deferred);
  const SmtpPeer peer({"PIPELINING"}, {}, "127.0.0.1", port);
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(kit.back(1), std::vector<std::string>{"site/dest.test"});
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::delivered);
}

TEST(Manager, a_better_host_that_is_back_takes_over) {
  const uint16_t port = dead_port();
  const SmtpPeer backup;
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("site", {{10, "mx1", "127.0.0.1", port},
                                                    {20, "mx2", "127.0.0.1", backup.port()}}));
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).host, "mx2");
  const SmtpPeer primary({"PIPELINING"}, {}, "127.0.0.1", port);
  ASSERT_TRUE(primary.ok());
  std::string host;
  for (int n = 0; n < 2'000 && host != "mx1"; ++n) {
    host = kit.one(make_delivery({"user@dest.test"})).host;
    std::this_thread::sleep_for(Millis{1});
  }
  EXPECT_EQ(host, "mx1");
}

TEST(Manager, a_reused_connection_that_is_gone_costs_nothing) {
  // The server hangs up when the second message on a connection begins.
  std::mutex mutex;
  std::map<int, int> mails;
  SmtpPeer peer({"PIPELINING", "CHUNKING"},
                [&](const std::string& command, int n) -> std::optional<std::string> {
                  const std::scoped_lock lock(mutex);
                  if (command.starts_with("MAIL") && ++mails[n] == 2) return "";
                  return std::nullopt;
                });
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 5; ++n) {
    const auto outcome = kit.one(make_delivery({"user@dest.test"}));
    EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  }
  EXPECT_EQ(peer.messages().size(), 5U);
}

TEST(Rfc, rfc_045_a_drop_after_the_dot_is_deferred_not_sent_again_at_once) {
  SmtpPeer peer({"PIPELINING"}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command == ".") return "";
    return std::nullopt;
  });
  const SmtpPeer other;
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx1", "127.0.0.1", peer.port()},
                                                 {20, "mx2", "127.0.0.1", other.port()}}));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::deferred);
  EXPECT_EQ(outcome.reply.enhanced.to_string(), "4.4.2");
  EXPECT_TRUE(other.messages().empty());
}

TEST(Rfc, rfc_020_an_address_that_swallows_packets_gives_way_to_the_next) {
  // 192.0.2.1 is for documentation: a connection there is refused, unreachable or unanswered, never made.
  const SmtpPeer peer;
  Settings settings = quick();
  settings.timeouts.connect_early = Millis{200};
  ManagerKit kit(settings);
  auto targets = std::make_shared<Targets>();
  targets->decision = TargetsDecision::deliver;
  targets->site_key = "s";
  targets->tiers = {{{10,
                      "mx",
                      {IpAddress::parse("2001:db8::1").value(), IpAddress::parse("127.0.0.1").value()},
                      peer.port()}}};
  kit.router.set("dest.test", targets);
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
}

TEST(Rfc, rfc_044_a_silent_peer_is_left) {
  SmtpPeer peer({}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("MAIL")) return "250-never the last line";
    return std::nullopt;
  });
  Settings settings = quick();
  settings.timeouts.mail = Millis{100};
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::deferred);
  EXPECT_THAT(outcome.reply.text, testing::HasSubstr("timed out"));
  const Timeouts rfc;
  EXPECT_EQ(rfc.banner, std::chrono::minutes(5));
  EXPECT_EQ(rfc.mail, std::chrono::minutes(5));
  EXPECT_EQ(rfc.rcpt, std::chrono::minutes(5));
  EXPECT_EQ(rfc.data, std::chrono::minutes(2));
  EXPECT_EQ(rfc.block, std::chrono::minutes(3));
  EXPECT_EQ(rfc.dot, std::chrono::minutes(10));
}

TEST(Manager, a_broken_tls_handshake_is_followed_by_plaintext_and_remembered) {
  // It says go and then understands nothing.
  SmtpPeer peer({"STARTTLS", "PIPELINING"},
                [](const std::string& command, int) -> std::optional<std::string> {
                  if (command == "STARTTLS") return "220 go";
                  return std::nullopt;
                });
  Settings settings = quick();
  settings.timeouts.tls_handshake = Millis{100};
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx.dest.test", "127.0.0.1", peer.port()}}));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_FALSE(outcome.tls);
  EXPECT_EQ(peer.connections(), 2);
  const auto status = kit.status();
  ASSERT_EQ(status.hosts.size(), 1U);
  EXPECT_TRUE(status.hosts[0].tls_broken);
  EXPECT_FALSE(status.hosts[0].down);
}

TEST(Manager, lmtp_delivery_is_final) {
  const SmtpPeer peer;
  ManagerKit kit(quick());
  auto local = std::make_shared<Targets>();
  local->decision = TargetsDecision::deliver;
  local->transport = Transport::lmtp;
  local->site_key = "lmtp";
  local->lmtp.endpoint = {IpAddress::parse("127.0.0.1").value(), peer.port()};
  kit.router.set("home.test", local);
  const auto outcome = kit.one(make_delivery({"john@home.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_TRUE(outcome.final_delivery);
  EXPECT_EQ(peer.commands()[0], "LHLO client.test");
}

TEST(Manager, connections_max_holds_for_all_sites_together_and_starves_none) {
  const SmtpPeer one;
  const SmtpPeer two;
  Settings settings = quick();
  settings.connections_max = 1;
  settings.timeouts.idle = Millis{20};
  ManagerKit kit(settings);
  kit.router.set("one.test", smtp_targets("1", {{10, "mx1", "127.0.0.1", one.port()}}));
  kit.router.set("two.test", smtp_targets("2", {{10, "mx2", "127.0.0.1", two.port()}}));
  for (int n = 0; n < 5; ++n) {
    kit.start(make_delivery({"user@one.test"}));
    kit.start(make_delivery({"user@two.test"}));
  }
  for (const auto& result : kit.results(10)) EXPECT_EQ(result.outcomes[0].fate, Fate::delivered);
  EXPECT_EQ(one.messages().size() + two.messages().size(), 10U);
}

TEST(Manager, what_waits_for_a_connection_can_be_taken_back) {
  std::promise<void> go_on;
  const std::shared_future<void> released = go_on.get_future().share();
  std::promise<void> begun;
  const SmtpPeer slow({}, [&](const std::string& command, int) -> std::optional<std::string> {
    if (command != "MAIL FROM:<sender@source.test>" || released.valid() == false) return std::nullopt;
    if (released.wait_for(std::chrono::seconds(0)) == std::future_status::ready) return std::nullopt;
    begun.set_value();
    released.wait();
    return std::nullopt;
  });
  Settings settings = quick();
  settings.pacing.window_start = 1;
  settings.pacing.window_max = 1;
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", slow.port()}}));
  for (uint64_t id = 1; id <= 4; ++id) kit.start(make_delivery({"user@dest.test"}, "x", id));
  begun.get_future().wait();
  kit.on_conductor([&] {
    const auto all = [](const mail::Delivery& delivery) { return delivery.id.value != 4; };
    EXPECT_THAT(kit.manager().why_waiting(all), testing::HasSubstr("1 of 1 connections are busy"));
    std::set<uint64_t> back;
    for (const auto& one : kit.manager().take_back(all)) back.insert(one->id.value);
    EXPECT_EQ(back, (std::set<uint64_t>{2, 3}));
    EXPECT_EQ(kit.manager().why_waiting(all), "") << "the first is on a connection";
    EXPECT_EQ(kit.manager().status().deliveries, 2U);
  });
  go_on.set_value();
  EXPECT_EQ(kit.results(2).size(), 2U);
  EXPECT_EQ(slow.messages().size(), 2U);
}

TEST(Manager, a_route_that_says_no_is_answered_without_a_connection) {
  ManagerKit kit;
  auto bounce = std::make_shared<Targets>();
  bounce->decision = TargetsDecision::bounce;
  bounce->reply = {556, {5, 1, 10}, "null MX"};
  kit.router.set("null.test", bounce);
  const auto outcome = kit.one(make_delivery({"user@null.test"}));
  EXPECT_EQ(outcome.fate, Fate::rejected);
  EXPECT_EQ(outcome.reply.enhanced.to_string(), "5.1.10");
  EXPECT_FALSE(outcome.remote);
  EXPECT_EQ(kit.one(make_delivery({"user@unknown.test"})).fate, Fate::deferred);
}

TEST(Manager, maildir_delivery_is_final) {
  ManagerKit kit;
  auto local = std::make_shared<Targets>();
  local->decision = TargetsDecision::deliver;
  local->transport = Transport::maildir;
  local->maildir.path_template = "/var/mail/{domain}/{user}";
  kit.router.set("home.test", local);
  const auto outcome = kit.one(make_delivery({"John@home.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_TRUE(outcome.final_delivery);
  EXPECT_EQ(kit.files.list("/var/mail/home.test/john/new")->size(), 1U);
}

TEST(Manager, stopping_answers_everyone_and_finishes_what_is_under_way) {
  SmtpPeer slow({"PIPELINING"}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command == ".") std::this_thread::sleep_for(Millis{100});
    return std::nullopt;
  });
  Settings settings = quick();
  settings.pacing.window_max = 1;
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", slow.port()}}));
  for (int n = 0; n < 10; ++n) kit.start(make_delivery({"user@dest.test"}));
  while (slow.commands().size() < 3) std::this_thread::yield();
  kit.stop(Millis{5'000});
  const auto results = kit.results(10);
  ASSERT_EQ(results.size(), 10U);
  size_t delivered = 0;
  for (const auto& result : results) {
    if (result.outcomes[0].fate == Fate::delivered) {
      ++delivered;
    } else {
      EXPECT_EQ(result.outcomes[0].fate, Fate::deferred);
      EXPECT_GT(result.outcomes[0].retry_after.count(), 0);
    }
  }
  EXPECT_EQ(delivered, slow.messages().size());
  EXPECT_GE(delivered, 1U);
}

TEST(Manager, stopping_at_the_deadline_cuts_a_hanging_peer) {
  SmtpPeer hangs({}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("MAIL")) return "250-wait";
    return std::nullopt;
  });
  ManagerKit kit(quick());
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", hangs.port()}}));
  kit.start(make_delivery({"user@dest.test"}));
  while (hangs.commands().size() < 2) std::this_thread::yield();
  kit.stop(Millis{50});
  ASSERT_EQ(kit.results(1).size(), 1U);
  EXPECT_EQ(kit.results(1)[0].outcomes[0].fate, Fate::deferred);
}
}  // namespace
}  // namespace waybill::deliver
