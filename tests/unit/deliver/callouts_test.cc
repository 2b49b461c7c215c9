// Callouts over real loopback sockets: one question for all who want to know, few connections, a host left in
// peace.
#include "deliver/callouts.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/certificate.h"
#include "support/delivery_kit.h"
#include "support/smtp_peer.h"

namespace waybill::deliver {
namespace {
using test::address;
using test::smtp_targets;
using test::SmtpPeer;

class Kit {
 public:
  explicit Kit(CalloutSettings settings = {}) {
    settings.hostname = "backup.test";
    callouts_ = std::make_unique<Callouts>(
        loop_,
        [this](const mail::Domain& domain, std::function<void(TargetsPtr)> done) {
          mail::Delivery asked;
          asked.domain = domain;
          router.targets(asked, std::move(done));
        },
        [this](const mail::Address& recipient, const CalloutResult&) { heard_.push_back(recipient.local); },
        std::move(settings));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Kit() {
    loop_.stop();
    thread_.join();
    callouts_.reset();
  }
  void ask(const std::string& who, TestNobody test = TestNobody::no) {
    loop_.post([this, who, test] {
      callouts_->ask(address(who), test, [this](const CalloutResult& result) {
        const std::scoped_lock lock(mutex_);
        results_.push_back(result);
        changed_.notify_all();
      });
    });
  }
  std::vector<CalloutResult> results(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return results_.size() >= count; }));
    return results_;
  }
  CalloutResult one(const std::string& who, TestNobody test = TestNobody::no) {
    const size_t before = results(0).size();
    ask(who, test);
    const auto all = results(before + 1);
    return all.size() > before ? all[before] : CalloutResult{};
  }
  void host_is_back(const std::string& domain) {
    loop_.post([this, domain] { callouts_->host_is_back(mail::Domain::parse(domain).value()); });
  }
  std::vector<std::string> heard() {
    std::vector<std::string> out;
    std::mutex mutex;
    std::condition_variable done;
    bool copied = false;
    loop_.post([&] {
      const std::scoped_lock lock(mutex);
      out = heard_;
      copied = true;
      done.notify_all();
    });
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return copied; });
    return out;
  }

  test::TableRouter router;

 private:
  net::Loop loop_;
  std::unique_ptr<Callouts> callouts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<CalloutResult> results_;
  std::vector<std::string> heard_;
  std::thread thread_;
};

// Knows jane and john alone.
std::optional<std::string> two_users(const std::string& command, int) {
  if (!command.starts_with("RCPT")) return std::nullopt;
  const bool known =
      command.find("<jane@") != std::string::npos || command.find("<john@") != std::string::npos;
  return known ? "250 2.1.5 ok" : "550 5.1.1 no such user";
}

size_t count_of(const SmtpPeer& peer, std::string_view begin) {
  return static_cast<size_t>(std::ranges::count_if(
      peer.commands(), [&](const std::string& line) { return line.starts_with(begin); }));
}

TEST(Callouts, a_host_tells_who_exists_and_gets_no_mail) {
  const SmtpPeer peer({"PIPELINING"}, two_users);
  Kit kit;
  kit.router.set("x.test", smtp_targets("s", {{10, "mx.x.test", "127.0.0.1", peer.port()}}));
  EXPECT_EQ(kit.one("jane@x.test").answer.word, RecipientWord::exists);
  const CalloutResult no = kit.one("nobody@x.test");
  EXPECT_EQ(no.answer.word, RecipientWord::refused);
  EXPECT_EQ(no.answer.reply.text, "no such user");
  EXPECT_EQ(kit.one("john@x.test").answer.word, RecipientWord::exists) << "a connection rests more than once";
  EXPECT_EQ(peer.connections(), 1) << "three questions, one connection";
  EXPECT_EQ(count_of(peer, "RSET"), 2U);
  EXPECT_EQ(count_of(peer, "DATA"), 0U);
  EXPECT_EQ(count_of(peer, "EHLO backup.test"), 1U);
  EXPECT_THAT(kit.heard(), testing::ElementsAre("jane", "nobody", "john"));
}

TEST(Callouts, all_who_ask_for_one_recipient_share_one_question) {
  std::mutex gate;
  std::unique_lock closed(gate);
  const SmtpPeer peer({}, [&](const std::string& command, int number) {
    if (command == "MAIL FROM:<>") const std::scoped_lock wait(gate);
    return two_users(command, number);
  });
  Kit kit;
  kit.router.set("x.test", smtp_targets("s", {{10, "mx.x.test", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 20; ++n) kit.ask("jane@x.test");
  closed.unlock();
  for (const CalloutResult& result : kit.results(20)) EXPECT_EQ(result.answer.word, RecipientWord::exists);
  EXPECT_EQ(count_of(peer, "RCPT"), 1U);
  EXPECT_THAT(kit.heard(), testing::ElementsAre("jane"));
}

TEST(Callouts, a_connection_that_is_gone_when_the_next_question_comes_is_no_answer) {
  const SmtpPeer peer({}, [](const std::string& command, int number) -> std::optional<std::string> {
    if (command == "RSET" && number == 1) return "";  // the first one is closed instead of an answer
    return two_users(command, number);
  });
  Kit kit;
  kit.router.set("x.test", smtp_targets("s", {{10, "mx.x.test", "127.0.0.1", peer.port()}}));
  EXPECT_EQ(kit.one("jane@x.test").answer.word, RecipientWord::exists);
  EXPECT_EQ(kit.one("nobody@x.test").answer.word, RecipientWord::refused);
  EXPECT_EQ(peer.connections(), 2);
}

TEST(Callouts, a_connection_takes_so_many_questions_and_another_goes_on) {
  const SmtpPeer peer({}, two_users);
  CalloutSettings settings;
  settings.connections_max = 1;
  settings.questions_max = 4;
  Kit kit(settings);
  kit.router.set("x.test", smtp_targets("s", {{10, "mx.x.test", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 10; ++n) kit.ask(fmt::format("user{}@x.test", n));
  for (const CalloutResult& result : kit.results(10)) EXPECT_EQ(result.answer.word, RecipientWord::refused);
  EXPECT_EQ(peer.connections(), 3);
}

TEST(Callouts, no_more_connections_than_allowed) {
  std::mutex gate;
  std::unique_lock closed(gate);
  const SmtpPeer peer({}, [&](const std::string& command, int number) {
    if (command == "MAIL FROM:<>") const std::scoped_lock wait(gate);
    return two_users(command, number);
  });
  CalloutSettings settings;
  settings.connections_max = 2;
  settings.questions_max = 1000;
  Kit kit(settings);
  kit.router.set("x.test", smtp_targets("s", {{10, "mx.x.test", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 30; ++n) kit.ask(fmt::format("user{}@x.test", n));
  closed.unlock();
  for (const CalloutResult& result : kit.results(30)) EXPECT_EQ(result.answer.word, RecipientWord::refused);
  EXPECT_LE(peer.connections(), 2);
  EXPECT_EQ(count_of(peer, "RCPT"), 30U);
}

TEST(Callouts, no_more_questions_in_a_minute_than_allowed) {
  const SmtpPeer peer({}, two_users);
  CalloutSettings settings;
  settings.per_minute = 3;
  Kit kit(settings);
  kit.router.set("x.test", smtp_targets("s", {{10, "mx.x.test", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 10; ++n) kit.ask(fmt::format("user{}@x.test", n));
  const auto results = kit.results(10);
  EXPECT_EQ(std::ranges::count(results, RecipientWord::refused, [](const auto& r) { return r.answer.word; }),
            3);
  EXPECT_EQ(std::ranges::count(results, RecipientWord::unknown, [](const auto& r) { return r.answer.word; }),
            7);
}

TEST(Callouts, a_host_that_takes_everything_is_found_out) {
  const SmtpPeer all;
  const SmtpPeer some({}, two_users);
  Kit kit;
  kit.router.set("all.test", smtp_targets("a", {{10, "mx.all.test", "127.0.0.1", all.port()}}));
  kit.router.set("some.test", smtp_targets("s", {{10, "mx.some.test", "127.0.0.1", some.port()}}));
  const CalloutResult one = kit.one("jane@all.test", TestNobody::yes);
  EXPECT_EQ(one.nobody, RecipientWord::exists);
  EXPECT_EQ(one.answer.word, RecipientWord::exists);
  const CalloutResult two = kit.one("jane@some.test", TestNobody::yes);
  EXPECT_EQ(two.nobody, RecipientWord::refused);
  EXPECT_EQ(two.answer.word, RecipientWord::exists);
  EXPECT_EQ(count_of(some, "RCPT TO:<waybill-callout-"), 1U);
  EXPECT_EQ(kit.one("john@some.test", TestNobody::yes).nobody, RecipientWord::refused);
  EXPECT_EQ(count_of(some, "RCPT TO:<waybill-callout-"), 1U) << "once a connection";
}

TEST(Callouts, a_host_that_gives_no_answer_is_left_alone_until_it_is_back) {
  std::atomic<bool> well{false};
  const SmtpPeer peer({}, [&](const std::string& command, int number) -> std::optional<std::string> {
    if (command == "BANNER" && !well) return "421 4.3.2 not now";
    return two_users(command, number);
  });
  Kit kit;
  kit.router.set("x.test", smtp_targets("s", {{10, "mx.x.test", "127.0.0.1", peer.port()}}));
  EXPECT_EQ(kit.one("jane@x.test").answer.word, RecipientWord::unknown);
  well = true;
  const CalloutResult still = kit.one("jane@x.test");
  EXPECT_EQ(still.answer.word, RecipientWord::unknown);
  EXPECT_FALSE(still.asked);
  EXPECT_THAT(still.answer.reply.text, testing::HasSubstr("not now"));
  EXPECT_EQ(peer.connections(), 1);
  EXPECT_TRUE(kit.heard().empty()) << "nothing to learn";
  kit.host_is_back("x.test");
  EXPECT_EQ(kit.one("jane@x.test").answer.word, RecipientWord::exists);
}

TEST(Callouts, only_hosts_of_the_best_preference_are_asked) {
  const SmtpPeer middle;  // a backup like ourselves: it takes everything
  uint16_t dead = 0;
  {
    dead = SmtpPeer().port();
  }
  Kit kit;
  kit.router.set("x.test", smtp_targets("s", {{10, "mx1.x.test", "127.0.0.1", dead},
                                              {20, "mx2.x.test", "127.0.0.1", middle.port()}}));
  EXPECT_EQ(kit.one("jane@x.test").answer.word, RecipientWord::unknown);
  EXPECT_EQ(middle.connections(), 0);
}

TEST(Callouts, another_host_of_the_best_preference_stands_in) {
  uint16_t dead = 0;
  {
    dead = SmtpPeer().port();
  }
  const SmtpPeer peer({}, two_users);
  Kit kit;
  kit.router.set("x.test", smtp_targets("s", {{10, "mx1.x.test", "127.0.0.1", dead},
                                              {10, "mx2.x.test", "127.0.0.1", peer.port()}}));
  EXPECT_EQ(kit.one("john@x.test").answer.word, RecipientWord::exists);
}

TEST(Callouts, a_refused_null_sender_or_a_missing_route_is_no_word) {
  const SmtpPeer peer({}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("MAIL")) return "550 5.1.1 no null senders";
    return std::nullopt;
  });
  Kit kit;
  kit.router.set("x.test", smtp_targets("s", {{10, "mx1.x.test", "127.0.0.1", peer.port()}}));
  EXPECT_EQ(kit.one("jane@x.test", TestNobody::yes).answer.word, RecipientWord::unknown);
  EXPECT_EQ(kit.one("jane@y.test").answer.word, RecipientWord::unknown);
}

TEST(Callouts, a_host_that_wants_tls_is_asked_over_tls_and_one_whose_tls_is_broken_without) {
  const test::Certificate certificate("mx.x.test");
  test::PeerPlace place;
  place.certificate_file = certificate.certificate_file();
  place.key_file = certificate.key_file();
  const SmtpPeer good({"STARTTLS"}, two_users, place);
  const SmtpPeer broken({"STARTTLS"},
                        [](const std::string& command, int number) -> std::optional<std::string> {
                          if (command == "STARTTLS") return "220 go";  // and nothing that shakes hands
                          return two_users(command, number);
                        });
  CalloutSettings settings;
  settings.patience.reply = Millis{1'000};  // the broken one says nothing to a handshake
  Kit kit(settings);
  kit.router.set("good.test", smtp_targets("g", {{10, "mx.x.test", "127.0.0.1", good.port()}}));
  kit.router.set("broken.test", smtp_targets("b", {{10, "mx.b.test", "127.0.0.1", broken.port()}}));
  EXPECT_EQ(kit.one("jane@good.test").answer.word, RecipientWord::exists);
  EXPECT_EQ(count_of(good, "EHLO"), 2U) << "again under TLS (RFC 3207 4.2)";
  EXPECT_EQ(kit.one("jane@broken.test").answer.word, RecipientWord::exists);
  EXPECT_EQ(count_of(broken, "STARTTLS"), 1U);
}
}  // namespace
}  // namespace waybill::deliver
