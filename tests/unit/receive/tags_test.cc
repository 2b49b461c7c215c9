// What the gate says of a client reaches the message, and nothing that a stranger wrote in its place does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/session_driver.h"

namespace waybill::receive {
namespace {
using test::SessionDriver;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kForged = "Authentication-Results: mx.example; iprev=pass\r\n";
const std::string kMessage = "Subject: a\r\n" + std::string(kForged) + "\r\ntext\r\n";

test::World tagging() {
  test::World world;
  world.rcpt = [](const mail::Address& to) {
    Verdict verdict;
    verdict.tags = {"X-Waybill-Client:\r\n\twrong_mx=pass\r\n"};
    if (to.local == "other") verdict.tags.emplace_back("X-Waybill-Client:\r\n\tgreylist=fail\r\n");
    return verdict;
  };
  return world;
}

std::shared_ptr<Settings> guarding() {
  auto settings = test::test_settings();
  settings->authserv_id = "mx.example";
  return settings;
}

std::string send(SessionDriver& driver, std::string_view envelope) {
  driver.say(envelope);
  driver.say("DATA\r\n");
  driver.say(kMessage + ".\r\n");
  EXPECT_FALSE(driver.committed().empty());
  const test::Committed& last = driver.committed().back();
  EXPECT_EQ(last.size_octets, last.trace.size() + last.content.size());
  return last.trace + last.content;
}

TEST(Tags, stand_above_our_received_field_once_each) {
  SessionDriver driver(guarding(), tagging());
  driver.start();
  driver.say("EHLO client.example\r\n");
  const std::string both = send(
      driver,
      "MAIL FROM:<>\r\nRCPT TO:<john@c.example>\r\nRCPT TO:<other@c.example>\r\nRCPT TO:<j@c.example>\r\n");
  EXPECT_THAT(both,
              StartsWith("X-Waybill-Client:\r\n\twrong_mx=pass\r\nX-Waybill-Client:\r\n\tgreylist=fail\r\n"
                         "Received: from client.example"));
  const std::string next = send(driver, "MAIL FROM:<>\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(next, StartsWith("X-Waybill-Client:\r\n\twrong_mx=pass\r\nReceived:"))
      << "nothing of the one before";
}

TEST(Tags, forged_ones_are_taken_out_of_a_strangers_header_and_left_in_his_text) {
  SessionDriver driver(guarding());
  driver.start();
  driver.say("EHLO client.example\r\n");
  const std::string message = send(driver, "MAIL FROM:<>\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(message, testing::EndsWith("Subject: a\r\n\r\ntext\r\n"));
}

TEST(Tags, are_kept_where_nobody_tags_and_from_whom_we_trust) {
  SessionDriver plain;
  plain.start();
  plain.say("EHLO client.example\r\n");
  EXPECT_THAT(send(plain, "MAIL FROM:<>\r\nRCPT TO:<john@c.example>\r\n"), HasSubstr(kForged));
  auto settings = guarding();
  settings->no_delay = {*IpNetwork::parse("192.0.2.0/24")};  // our own backup says what it saw
  SessionDriver trusted(settings);
  trusted.start();
  trusted.say("EHLO client.example\r\n");
  EXPECT_THAT(send(trusted, "MAIL FROM:<>\r\nRCPT TO:<john@c.example>\r\n"), HasSubstr(kForged));
}

TEST(Tags, forged_ones_do_not_come_through_in_chunks) {
  for (size_t octets = 1; octets < kMessage.size(); ++octets) {
    SessionDriver driver(guarding());
    driver.start();
    driver.say("EHLO client.example\r\n");
    driver.say("MAIL FROM:<>\r\nRCPT TO:<john@c.example>\r\n");
    driver.say(fmt::format("BDAT {}\r\n{}", octets, kMessage.substr(0, octets)));
    driver.say(fmt::format("BDAT {} LAST\r\n{}", kMessage.size() - octets, kMessage.substr(octets)));
    ASSERT_FALSE(driver.committed().empty());
    EXPECT_EQ(driver.committed().back().content, "Subject: a\r\n\r\ntext\r\n");
  }
}

TEST(EarlyTalk, where_it_is_allowed_the_gate_is_told) {
  auto settings = test::test_settings();
  settings->early_talkers = EarlyTalkers::allow;
  SessionDriver before(settings);
  before.session().on_early_talk();
  EXPECT_THAT(before.start(), StartsWith("220"));
  EXPECT_TRUE(before.session().client().early);
  SessionDriver hasty(settings);
  hasty.start();
  EXPECT_FALSE(hasty.session().client().early);
  hasty.say("EHLO spam.example\r\nMAIL FROM:<>\r\n");
  EXPECT_TRUE(hasty.session().client().early);
}
}  // namespace
}  // namespace waybill::receive
