// A connection that stood idle, and whose server has left meanwhile: whatever it did or did not carry before,
// that says nothing about the next message or about the host.
#include <gmock/gmock.h>

#include "support/dialogue_play.h"
#include "support/smtp_peer.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::make_delivery;
using test::ManagerKit;
using test::obedient;
using test::Play;
using test::Response;
using test::smtp_targets;
using test::SmtpPeer;
using What = Dialogue::What;
using MessageEnd = Dialogue::MessageEnd;

DialogueSettings settings() {
  return {.hostname = "client.test", .host = "mx.test", .address = "192.0.2.1:25"};
}

enum class Rested : uint8_t { no, yes };
/// How the first message of a connection ends when `command` meets `response`.
MessageEnd first_message(Rested rested, const std::string& command, const Response& response,
                         Outcomes& outcomes) {
  Play play(settings(), obedient({"PIPELINING"}, [&](const std::string& said) -> std::optional<Response> {
              return said.starts_with(command) ? std::optional(response) : std::nullopt;
            }));
  EXPECT_EQ(play.run(), What::ready);
  if (rested == Rested::yes) play.dialogue.rested();
  outcomes.clear();
  return play.message(*make_delivery({"a@d.test"}), outcomes);
}

TEST(IdleConnection, one_that_is_gone_before_its_first_message_is_stale) {
  Outcomes outcomes;
  const Response drop{"", Response::Then::drop};
  EXPECT_EQ(first_message(Rested::yes, "MAIL", drop, outcomes), MessageEnd::stale);
  EXPECT_FALSE(outcomes[0]);
  const Response farewell{"421 4.4.2 idle for too long\r\n", Response::Then::drop};
  EXPECT_EQ(first_message(Rested::yes, "MAIL", farewell, outcomes), MessageEnd::stale);
  EXPECT_FALSE(outcomes[0]);
}

TEST(IdleConnection, a_fresh_one_that_drops_the_first_message_is_not) {
  Outcomes outcomes;
  const Response drop{"", Response::Then::drop};
  EXPECT_EQ(first_message(Rested::no, "MAIL", drop, outcomes), MessageEnd::interrupted);
}

TEST(IdleConnection, nor_is_one_that_answered_or_may_have_the_message) {
  Outcomes outcomes;
  const Response drop{"", Response::Then::drop};
  EXPECT_EQ(first_message(Rested::yes, "RCPT", drop, outcomes), MessageEnd::interrupted);
  // RFC 1047: in doubt, so never again at once.
  EXPECT_EQ(first_message(Rested::yes, "BODY", drop, outcomes), MessageEnd::settled);
  EXPECT_EQ(outcomes[0]->fate, Fate::deferred);
}

size_t idle_connections(ManagerKit& kit) {
  size_t count = 0;
  for (const auto& site : kit.status().sites) {
    for (const auto& one : site.connections) count += one.state == "idle" ? 1 : 0;
  }
  return count;
}

TEST(IdleConnection, one_that_never_carried_mail_and_is_gone_costs_nothing) {
  // The first connection takes both messages, because the second is slow to be welcomed. Both then stand
  // idle, the second unused, and drop whatever comes next.
  std::mutex mutex;
  std::condition_variable changed;
  bool second_came = false;
  bool welcome = false;
  bool drop = false;
  SmtpPeer peer({"PIPELINING"}, [&](const std::string& command, int n) -> std::optional<std::string> {
    std::unique_lock lock(mutex);
    const auto until = [&](const bool& what) {
      changed.wait_for(lock, std::chrono::seconds(10), [&] { return what; });
    };
    if (command == "BANNER" && n == 2) {
      second_came = true;
      changed.notify_all();
      until(welcome);
    }
    if (command.starts_with("MAIL") && n == 1) until(second_came);
    if (command.starts_with("MAIL") && n <= 2 && drop) return "";
    return std::nullopt;
  });
  Settings quiet;
  quiet.timeouts.idle = Millis{60'000};
  ManagerKit kit(quiet);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  kit.start(make_delivery({"one@dest.test"}));
  kit.start(make_delivery({"two@dest.test"}));
  for (const auto& result : kit.results(2)) ASSERT_EQ(result.outcomes[0].fate, Fate::delivered);
  {
    const std::scoped_lock lock(mutex);
    ASSERT_TRUE(second_came);
    welcome = true;
    changed.notify_all();
  }
  while (idle_connections(kit) < 2) std::this_thread::yield();
  {
    const std::scoped_lock lock(mutex);
    drop = true;
  }
  const auto outcome = kit.one(make_delivery({"three@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_EQ(peer.messages().size(), 3U);
  for (const auto& host : kit.status().hosts) EXPECT_FALSE(host.down) << host.host;
}

TEST(IdleConnection, a_host_that_was_started_anew_costs_its_first_message_nothing_however_many_were_kept) {
  constexpr int kKept = 6;
  std::mutex mutex;
  std::condition_variable changed;
  int came = 0;
  bool drop = false;
  SmtpPeer peer({"PIPELINING"}, [&](const std::string& command, int n) -> std::optional<std::string> {
    std::unique_lock lock(mutex);
    if (command == "BANNER") {
      came = std::max(came, n);
      changed.notify_all();
    }
    if (!command.starts_with("MAIL") || n > kKept) return std::nullopt;
    if (drop) return "";
    changed.wait_for(lock, std::chrono::seconds(10), [&] { return came >= kKept; });
    return std::nullopt;
  });
  Settings quiet;
  quiet.timeouts.idle = Millis{60'000};
  quiet.pacing.window_start = kKept;
  ManagerKit kit(quiet);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < kKept; ++n) kit.start(make_delivery({"user@dest.test"}));
  for (const auto& result : kit.results(kKept)) ASSERT_EQ(result.outcomes[0].fate, Fate::delivered);
  while (idle_connections(kit) < kKept) std::this_thread::yield();
  {
    const std::scoped_lock lock(mutex);
    drop = true;
  }
  const auto outcome = kit.one(make_delivery({"after@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_EQ(peer.messages().size(), kKept + 1U);
}
}  // namespace
}  // namespace waybill::deliver
