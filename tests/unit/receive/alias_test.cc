// A recipient that stands for others: whose copies a message gets, and how many replies its client.
#include <gmock/gmock.h>

#include "support/session_driver.h"

namespace waybill::test {
namespace {
using testing::ElementsAre;
using testing::StartsWith;

mail::Address address(const std::string& text) { return mail::Address::parse(text).value(); }

/// "many-3@…" stands for u1 to u3, "all" for john and ann; others for themselves.
World aliases() {
  World world;
  world.rcpt = [](const mail::Address& to) {
    receive::Verdict out;
    if (to.local == "all") out.rewritten = {address("john@c.example"), address("ann@far.example")};
    if (to.local.starts_with("many-")) {
      for (int n = 1; n <= std::stoi(to.local.substr(5)); ++n)
        out.rewritten.push_back(address(fmt::format("u{}@far.example", n)));
    }
    out.rewrite_sender = true;
    return out;
  };
  return world;
}

SessionDriver greeted(std::shared_ptr<receive::Settings> settings) {
  const bool lmtp = settings->role == receive::Role::lmtp;
  SessionDriver driver(std::move(settings), aliases());
  driver.start();
  driver.say(lmtp ? "LHLO client.example\r\n" : "EHLO client.example\r\n");
  return driver;
}

std::vector<std::string> recipients(const mail::Envelope& envelope) {
  std::vector<std::string> out;
  for (const mail::Recipient& one : envelope.recipients) out.push_back(one.address.to_string());
  return out;
}

TEST(AliasInSession, everyone_gets_one_copy) {
  auto driver = greeted(test_settings());
  driver.say(
      "MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\nRCPT TO:<all@c.example>\r\nRCPT "
      "TO:<all@c.example>\r\n");
  driver.say("DATA\r\nx\r\n.\r\n");
  ASSERT_EQ(driver.committed().size(), 1U);
  const mail::Envelope& envelope = driver.committed()[0].envelope;
  EXPECT_THAT(recipients(envelope), ElementsAre("john@c.example", "ann@far.example"));
  EXPECT_FALSE(envelope.recipients[0].rewrite_sender) << "he was addressed himself";
  EXPECT_TRUE(envelope.recipients[1].rewrite_sender);
}

TEST(AliasInSession, rfc_090_dsn_parameters_go_along) {
  auto driver = greeted(test_settings());
  driver.say("MAIL FROM:<a@b.example> ENVID=x RET=HDRS\r\n");
  driver.say(
      "RCPT TO:<all@c.example> NOTIFY=SUCCESS,DELAY\r\nRCPT TO:<many-1@c.example> NOTIFY=SUCCESS "
      "ORCPT=rfc822;me@d.example\r\n");
  const mail::Envelope& envelope = driver.session().envelope();
  ASSERT_EQ(envelope.recipients.size(), 3U);
  EXPECT_EQ(envelope.recipients[0].notify, mail::notify_delay);
  EXPECT_EQ(envelope.recipients[1].orcpt, "rfc822;all@c.example");
  EXPECT_EQ(envelope.recipients[2].notify, mail::notify_success);
  EXPECT_EQ(envelope.recipients[2].orcpt, "rfc822;me@d.example");
  EXPECT_EQ(envelope.envid, "x");
}

TEST(AliasInSession, an_alias_that_is_too_many_comes_another_time) {
  auto settings = test_settings();
  settings->recipients_max = 4;
  auto driver = greeted(settings);
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<many-3@c.example>\r\n");
  EXPECT_THAT(driver.say("RCPT TO:<all@c.example>\r\n"), StartsWith("452 4.5.3"));
  EXPECT_EQ(driver.session().envelope().recipients.size(), 3U);
  driver.say("RSET\r\nMAIL FROM:<a@b.example>\r\n");
  EXPECT_THAT(driver.say("RCPT TO:<many-9@c.example>\r\n"), StartsWith("250")) << "alone it is always taken";
}

TEST(AliasInSession, lmtp_answers_each_rcpt_once) {
  auto settings = test_settings();
  settings->role = receive::Role::lmtp;
  auto driver = greeted(settings);
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<all@c.example>\r\nRCPT TO:<john@c.example>\r\nDATA\r\n");
  EXPECT_THAT(reply_codes(driver.say("x\r\n.\r\n")), ElementsAre(250, 250)) << "RFC 2033 4.2";
  EXPECT_THAT(recipients(driver.committed()[0].envelope), ElementsAre("john@c.example", "ann@far.example"));
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\nDATA\r\n");
  EXPECT_THAT(reply_codes(driver.say("x\r\n.\r\n")), ElementsAre(250))
      << "nothing of the transaction before is left";
}

}  // namespace
}  // namespace waybill::test
