// Who is told what, and the numbers that a report shows.
#include <gtest/gtest.h>

#include "bounce/report.h"

namespace waybill::bounce {
namespace {
const mail::ReversePath kSender = mail::Address::parse("ann@example.org").value();

bool sent(Action action, uint8_t notify) { return should_report(action, kSender, notify).send; }

TEST(Decide, rfc_094_the_null_sender_gets_no_report) {
  for (const Action action :
       {Action::failed, Action::delayed, Action::delivered, Action::relayed, Action::expanded}) {
    for (const uint8_t notify : {0, 2, 4, 8, 14})
      EXPECT_FALSE(should_report(action, std::nullopt, notify).send);
  }
  EXPECT_EQ(should_report(Action::failed, std::nullopt, 0).why, "the reverse-path is null");
}

TEST(Decide, rfc_092_notify_never_is_silence) {
  for (const Action action : {Action::failed, Action::delayed, Action::delivered, Action::relayed}) {
    EXPECT_FALSE(sent(action, mail::notify_never));
  }
}

TEST(ShouldReport, follows_notify) {
  EXPECT_TRUE(sent(Action::failed, mail::notify_unset));
  EXPECT_TRUE(sent(Action::delayed, mail::notify_unset));
  EXPECT_FALSE(sent(Action::delivered, mail::notify_unset));
  EXPECT_FALSE(sent(Action::failed, mail::notify_success));
  EXPECT_FALSE(sent(Action::delayed, mail::notify_failure));
  EXPECT_TRUE(sent(Action::failed, mail::notify_failure | mail::notify_delay));
  EXPECT_TRUE(sent(Action::delayed, mail::notify_failure | mail::notify_delay));
  EXPECT_TRUE(sent(Action::delivered, mail::notify_success));
  EXPECT_FALSE(should_report(Action::failed, kSender, mail::notify_success).why.empty());
}

TEST(Decide, rfc_091_success_without_dsn_beyond_is_relayed) {
  mail::Outcome outcome;
  outcome.fate = mail::Fate::delivered;
  EXPECT_EQ(success_action(outcome), Action::relayed);
  outcome.dsn_passed = true;
  EXPECT_EQ(success_action(outcome), std::nullopt);
  outcome.final_delivery = true;
  EXPECT_EQ(success_action(outcome), Action::delivered);
  outcome.fate = mail::Fate::deferred;
  EXPECT_EQ(success_action(outcome), std::nullopt);
}

std::string status(Action action, uint16_t code, mail::EnhancedStatus enhanced, bool expired = false) {
  Recipient recipient;
  recipient.action = action;
  recipient.reply = {code, enhanced, ""};
  recipient.expired = expired;
  return status_of(recipient).to_string();
}

TEST(Decide, rfc_095_the_class_is_the_replys_first_digit) {
  EXPECT_EQ(status(Action::failed, 550, {5, 1, 1}), "5.1.1");
  EXPECT_EQ(status(Action::failed, 550, {2, 1, 5}), "5.0.0");
  EXPECT_EQ(status(Action::failed, 550, {4, 2, 2}), "5.0.0");
  EXPECT_EQ(status(Action::failed, 450, {5, 2, 2}, true), "4.4.7");
  EXPECT_EQ(status(Action::failed, 450, {4, 2, 2}, true), "4.2.2");
  EXPECT_EQ(status(Action::failed, 0, {}, true), "4.4.7");
  EXPECT_EQ(status(Action::failed, 0, {}), "5.0.0");
  EXPECT_EQ(status(Action::failed, 599, {}), "5.0.0");
  EXPECT_EQ(status(Action::delayed, 450, {4, 7, 1}), "4.7.1");
  EXPECT_EQ(status(Action::delayed, 0, {}), "4.0.0");
  EXPECT_EQ(status(Action::delivered, 250, {2, 0, 0}), "2.0.0");
  EXPECT_EQ(status(Action::relayed, 250, {5, 0, 0}), "2.0.0");
}
}  // namespace
}  // namespace waybill::bounce
