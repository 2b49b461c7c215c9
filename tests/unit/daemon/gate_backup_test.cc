// The gate's step for recipients of backups, over a real loopback primary: what it answers, waits for and
// learns.
#include "daemon/gate_backup.h"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "learn/store.h"
#include "support/delivery_kit.h"
#include "support/smtp_peer.h"

namespace waybill::daemon {
namespace {
using test::address;
using test::SmtpPeer;

std::shared_ptr<const config::Config> config_of(const std::string& domain_keys,
                                                const std::string& more = "") {
  return std::make_shared<const config::Config>(
      config::parse(
          "hostname = \"mx2.x.test\"\n" + more + "[domain.\"x.test\"]\nrole = \"backup\"\n" + domain_keys,
          "waybill.toml")
          .value());
}

class GateBackup : public testing::Test {
 protected:
  void start(std::shared_ptr<const config::Config> config, uint16_t port) {
    router_.set("x.test", test::smtp_targets("s", {{10, "mx1.x.test", "127.0.0.1", port}}));
    backup_ = std::make_unique<BackupRecipients>(
        loop_,
        [this](const mail::Domain& domain, std::function<void(deliver::TargetsPtr)> done) {
          mail::Delivery asked;
          asked.domain = domain;
          router_.targets(asked, std::move(done));
        },
        table_, clock_, std::move(config));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~GateBackup() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    backup_.reset();
  }
  /// The code of the answer to RCPT; 250: taken.
  int rcpt(const std::string& who, bool trusted = false) {
    auto answered = std::make_shared<std::promise<int>>();
    backup_->check(address(who), trusted, [answered](const std::optional<mail::Reply>& refusal) {
      answered->set_value(refusal ? refusal->code : 250);
    });
    return answered->get_future().get();
  }
  std::string state(const std::string& name) {
    const auto found = backup_->list(name, 10);
    const auto at = std::ranges::find(found, name, &LearntRecipient::name);
    if (at == found.end()) return "";
    return at->remembered.word == policy::Remembered::Word::exists ? "exists" : "refused";
  }

  net::Loop loop_;
  ManualClock clock_;
  std::unique_ptr<learn::Store> store_ = learn::Store::in_memory(clock_);
  learn::Table& table_ = store_->table("recipients", 1000);
  test::TableRouter router_;
  std::unique_ptr<BackupRecipients> backup_;
  std::thread thread_;
};

std::optional<std::string> jane_alone(const std::string& command, int) {
  if (!command.starts_with("RCPT")) return std::nullopt;
  return command.find("<jane@") != std::string::npos ? "250 2.1.5 ok" : "550 5.1.1 no such user";
}

TEST_F(GateBackup, asks_once_and_then_knows) {
  const SmtpPeer primary({}, jane_alone);
  start(config_of("recipients = \"callout\"\n"), primary.port());
  EXPECT_EQ(rcpt("jane@x.test"), 250);
  EXPECT_EQ(rcpt("bob@x.test"), 550);
  EXPECT_EQ(state("jane@x.test"), "exists");
  EXPECT_EQ(state("bob@x.test"), "refused");
  EXPECT_EQ(state("x.test"), "refused") << "a name that nobody has: its yes is worth something";
  const size_t said = primary.commands().size();
  EXPECT_EQ(rcpt("jane@x.test"), 250);
  EXPECT_EQ(rcpt("bob@x.test"), 550);
  EXPECT_EQ(primary.commands().size(), said);
  clock_.advance(std::chrono::hours{4});
  EXPECT_EQ(state("bob@x.test"), "") << "refused_for is over";
  EXPECT_EQ(state("jane@x.test"), "exists");
  EXPECT_EQ(backup_->forget("x.test"), 2U) << "jane, and what the primary does with nobody";
  EXPECT_EQ(state("jane@x.test"), "");
}

TEST_F(GateBackup, only_callout_domains_ask) {
  const SmtpPeer primary({}, jane_alone);
  start(config_of("users = [\"jane\"]\n"), primary.port());
  EXPECT_EQ(rcpt("bob@x.test"), 250) << "the list is the relay rules' business";
  EXPECT_EQ(rcpt("bob@y.test"), 250) << "another's domain";
  EXPECT_EQ(primary.connections(), 0);
}

TEST_F(GateBackup, an_answer_that_comes_too_late_is_learnt_all_the_same) {
  std::mutex gate;
  std::unique_lock closed(gate);
  const SmtpPeer primary({}, [&](const std::string& command, int number) {
    if (command.starts_with("RCPT TO:<jane@")) const std::scoped_lock wait(gate);
    return jane_alone(command, number);
  });
  start(config_of("recipients = \"callout\"\nunknown_recipients = \"defer\"\n",
                  "[callout]\ntimeout = \"1s\"\n"),
        primary.port());
  EXPECT_EQ(rcpt("jane@x.test"), 450);
  EXPECT_EQ(state("jane@x.test"), "");
  closed.unlock();
  // Asked again while the first question may still be under way: shared with it, or answered from what it
  // taught.
  EXPECT_EQ(rcpt("jane@x.test"), 250);
  EXPECT_EQ(state("jane@x.test"), "exists");
}

TEST_F(GateBackup, a_primary_that_takes_everything_teaches_nothing) {
  const SmtpPeer primary;
  start(config_of("recipients = \"callout\"\nunknown_recipients = \"refuse\"\n"), primary.port());
  EXPECT_EQ(rcpt("anyone@x.test"), 250);
  EXPECT_EQ(state("anyone@x.test"), "");
  EXPECT_EQ(state("x.test"), "exists");
}

TEST_F(GateBackup, the_policy_decides_where_the_primary_is_silent_and_a_reload_changes_it) {
  uint16_t dead = 0;
  {
    dead = SmtpPeer().port();
  }
  start(config_of("recipients = \"callout\"\nunknown_recipients = \"refuse\"\n"), dead);
  EXPECT_EQ(rcpt("jane@x.test"), 550);
  EXPECT_EQ(rcpt("jane@x.test", true), 250) << "trusted: it can be told later";
  EXPECT_EQ(rcpt("Postmaster@x.test"), 250);
  backup_->configure(config_of("recipients = \"callout\"\nunknown_recipients = \"defer\"\n"));
  EXPECT_EQ(rcpt("jane@x.test"), 450);
  backup_->configure(config_of("recipients = \"callout\"\n"));
  EXPECT_EQ(rcpt("jane@x.test"), 250);
  EXPECT_EQ(table_.size(), 0U) << "silence teaches nothing";
}
}  // namespace
}  // namespace waybill::daemon
