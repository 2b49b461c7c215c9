// The gate's step for mailboxes with a quota: who is put off in the dialogue, who is taken, and what that
// costs.
#include "daemon/gate_quota.h"

#include <gmock/gmock.h>

#include "net/virtual_world.h"
#include "support/delivery_kit.h"

namespace waybill::daemon {
namespace {
using test::address;
using testing::StartsWith;

constexpr Time kNow{Millis{1'800'000'000'000}};
const std::string kHead = "1000S,10C\n";

class GateQuota : public testing::Test {
 protected:
  GateQuota() { configure(room_); }
  void configure(MailboxRoom& room) {
    const auto config = config::parse(
        "hostname = \"mx.example.org\"\n[domain.\"example.org\"]\nusers = [\"john\", \"ann\", \"new\"]\n"
        "mailboxes = \"maildir:/m/{user}\"\nquota_octets = \"1000\"\nquota_messages = 10\n"
        "[domain.\"free.example\"]\nusers = [\"x\"]\nmailboxes = \"maildir:/m/free/{user}\"\n"
        "[domain.\"lmtp.example\"]\nmailboxes = \"lmtp:127.0.0.1:24\"\n",
        "test.toml");
    ASSERT_TRUE(config) << config.error().front().to_string();
    auto listed = config::load_recipients(*config, "test.toml");
    room.configure(*config, LocalMail(*config, std::move(*listed), clock_));
  }
  /// A mailbox whose account has this text.
  void box(const std::string& user, const std::string& account) {
    for (const std::string& folder : {std::string("/m"), "/m/" + user, "/m/" + user + "/new",
                                      "/m/" + user + "/cur", "/m/" + user + "/tmp"})
      (void)files_.make_directory(folder, 0700);
    write("/m/" + user + "/maildirsize", account);
  }
  void write(const std::string& path, const std::string& text) {
    (void)files_.remove(path);
    auto file = files_.create(path, 0600);
    ASSERT_TRUE(file && (*file)->write(text) && (*file)->close());
  }
  /// The answer to RCPT, "250" for a recipient that is taken; "later" while it waits.
  std::string rcpt(const std::vector<std::string>& receivers, uint64_t octets = 0,
                   receive::Role role = receive::Role::mx) {
    return rcpt_at(room_, receivers, octets, role);
  }
  std::string rcpt_at(MailboxRoom& room, const std::vector<std::string>& receivers, uint64_t octets,
                      receive::Role role) {
    receive::ClientFacts client;
    client.role = role;
    client.declared_octets = octets;
    std::vector<mail::Address> instead;
    for (const std::string& one : receivers) instead.push_back(address(one));
    const mail::Address to = instead.size() == 1 ? instead.front() : address("alias@example.org");
    if (instead.size() == 1) instead.clear();
    auto question = room.question(client, to, instead);
    if (!question) return "250";
    auto out = std::make_shared<std::string>("later");
    room.ask(std::move(*question),
             [out](std::optional<mail::Reply> refusal) { *out = refusal ? refusal->to_string() : "250"; });
    while (world_.step(clock_.steady())) {
    }
    return *out;
  }
  void pass_time(Millis span) {
    const Steady until = clock_.steady() + span;
    while (world_.step(until)) {
    }
  }

  ManualClock clock_{kNow};
  net::VirtualWorld world_{clock_};
  net::Loop loop_{world_};
  FaultFs files_;
  MailboxRoom room_{{loop_, loop_, loop_}, files_, clock_};
};

const std::string kFull = "452 4.2.2 the mailbox is full";

TEST_F(GateQuota, a_mailbox_with_room_takes_it_and_a_full_one_is_told_of) {
  box("john", kHead + "999 1\n");
  EXPECT_EQ(rcpt({"john@example.org"}), "250");
  EXPECT_EQ(rcpt({"John+lists@example.org"}), "250");
  box("ann", kHead + "1000 1\n");
  EXPECT_EQ(rcpt({"ann@example.org"}), kFull) << "full to the last octet";
  box("new", kHead + "10 10\n");
  EXPECT_EQ(rcpt({"new@example.org"}), kFull) << "by the count of messages";
}

TEST_F(GateQuota, the_size_that_was_declared_counts) {
  box("john", kHead + "900 1\n");
  EXPECT_EQ(rcpt({"john@example.org"}, 100), "250");
  EXPECT_EQ(rcpt({"john@example.org"}, 101), kFull);
  EXPECT_EQ(rcpt({"john@example.org"}, 1000), kFull) << "it would fit into an empty one";
  EXPECT_THAT(rcpt({"john@example.org"}, 1001), StartsWith("552 5.2.2 the message has 1001 octets"));
}

TEST_F(GateQuota, what_can_not_be_told_is_for_delivery_to_judge) {
  EXPECT_EQ(rcpt({"john@example.org"}), "250") << "no mailbox yet";
  for (const std::string& account : {std::string(), std::string("999S,10C\n5000 50\n"), kHead + "5000 50",
                                     kHead + std::string(6000, ' ') + "\n"}) {
    box("john", account);
    pass_time(MailboxRoom::kSeenFor);
    EXPECT_EQ(rcpt({"john@example.org"}), "250") << "it would have to be counted: " << account.substr(0, 30);
  }
  box("john", kHead + "5000 50\n");
  pass_time(MailboxRoom::kSeenFor);
  files_.fail_from(1, EIO);
  EXPECT_EQ(rcpt({"john@example.org"}), "250") << "a disk that fails";
}

TEST_F(GateQuota, a_link_on_the_way_to_the_mailbox_is_not_followed) {
  box("john", kHead + "5000 50\n");
  ASSERT_TRUE(files_.remove("/m/john/maildirsize"));
  files_.plant_symlink("/m/john/maildirsize");
  EXPECT_EQ(rcpt({"john@example.org"}), "250");
  files_.plant_symlink("/m/ann");
  EXPECT_EQ(rcpt({"ann@example.org"}), "250");
}

TEST_F(GateQuota, an_alias_is_taken_while_one_of_its_receivers_has_room) {
  box("john", kHead + "1000 1\n");
  box("ann", kHead + "1 1\n");
  EXPECT_EQ(rcpt({"john@example.org", "ann@example.org"}), "250");
  EXPECT_EQ(rcpt({"john@example.org", "far@elsewhere.example"}), "250") << "one who has the mail elsewhere";
  EXPECT_EQ(rcpt({"john@example.org", "x@free.example"}), "250") << "one without a quota";
  EXPECT_EQ(rcpt({"john@example.org", "x@lmtp.example"}), "250") << "one whose server will say";
  box("ann", kHead + "1 10\n");
  pass_time(MailboxRoom::kSeenFor);
  EXPECT_EQ(rcpt({"john@example.org", "ann@example.org"}), kFull);
  EXPECT_THAT(rcpt({"john@example.org", "ann@example.org"}, 2000), StartsWith("552 5.2.2"));
  EXPECT_EQ(rcpt(std::vector<std::string>(21, "john@example.org")), "250") << "too many to read";
}

TEST_F(GateQuota, who_submits_mail_hears_only_of_what_never_fits) {
  box("john", kHead + "1000 1\n");
  EXPECT_EQ(rcpt({"john@example.org"}, 0, receive::Role::submission), "250");
  EXPECT_THAT(rcpt({"john@example.org"}, 1001, receive::Role::submission), StartsWith("552 5.2.2"));
  EXPECT_EQ(rcpt({"john@example.org"}, 0, receive::Role::lmtp), kFull);
}

TEST_F(GateQuota, one_mailbox_is_read_no_more_than_once_in_five_seconds) {
  box("john", kHead + "1 1\n");
  EXPECT_EQ(rcpt({"john@example.org"}), "250");
  box("john", kHead + "1000 1\n");
  const uint64_t before = files_.operations();
  for (int n = 0; n < 100; ++n) EXPECT_EQ(rcpt({"john@example.org"}), "250");
  EXPECT_EQ(files_.operations(), before);
  pass_time(MailboxRoom::kSeenFor);
  EXPECT_EQ(rcpt({"john@example.org"}), kFull);
}

TEST_F(GateQuota, mail_that_was_removed_makes_room_after_a_count_for_which_nobody_waits) {
  box("john", kHead + "1000 1\n");
  EXPECT_EQ(rcpt({"john@example.org"}), kFull) << "by the account; the folder is empty";
  EXPECT_EQ(files_.content("/m/john/maildirsize"), kHead + "0 0\n") << "counted behind the answer";
  EXPECT_EQ(rcpt({"john@example.org"}), "250") << "and the count is known at once";
  box("john", kHead + "1000 1\n");
  pass_time(MailboxRoom::kSeenFor);
  EXPECT_EQ(rcpt({"john@example.org"}), kFull);
  EXPECT_EQ(files_.content("/m/john/maildirsize"), kHead + "1000 1\n") << "no second count within 15 minutes";
}

TEST_F(GateQuota, a_disk_that_hangs_holds_nobody_up_for_long) {
  net::Loop hangs;  // nobody runs it
  MailboxRoom room{{loop_, hangs, loop_}, files_, clock_};
  configure(room);
  box("john", kHead + "1000 1\n");
  receive::ClientFacts client;
  auto question = room.question(client, address("john@example.org"), {});
  ASSERT_TRUE(question);
  std::string answer;
  room.ask(std::move(*question),
           [&answer](const std::optional<mail::Reply>& refusal) { answer = refusal ? "refused" : "taken"; });
  pass_time(MailboxRoom::kWaitMax - Millis{1});
  EXPECT_EQ(answer, "");
  pass_time(Millis{1});
  EXPECT_EQ(answer, "taken");
}

TEST_F(GateQuota, a_reload_brings_other_limits) {
  box("john", kHead + "1000 1\n");
  EXPECT_EQ(rcpt({"john@example.org"}), kFull);
  const auto config = config::parse(
      "hostname = \"mx.example.org\"\n[domain.\"example.org\"]\nusers = [\"john\"]\n", "test.toml");
  auto listed = config::load_recipients(*config, "test.toml");
  room_.configure(*config, LocalMail(*config, std::move(*listed), clock_));
  EXPECT_EQ(rcpt({"john@example.org"}), "250");
}

}  // namespace
}  // namespace waybill::daemon
