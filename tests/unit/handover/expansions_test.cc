// What is told of a recipient that stood for others: a line of the ledger, and a report if it was asked for.
#include "handover/expansions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/queue_samples.h"

namespace waybill::handover {
namespace {
namespace samples = queue::samples;
using testing::HasSubstr;

mail::Address address(const std::string& text) { return mail::Address::parse(text).value(); }

class AddExpansions : public ::testing::Test {
 protected:
  AddExpansions() {
    settings_.hostname = mail::Domain::parse("mx1.example.org").value();
    const queue::NewMessage message =
        samples::message(samples::id_at(1), {"john@x.example", "ann@x.example"});
    fresh_.message = message.message;
    fresh_.recipients = message.recipients;
    fresh_.body = std::make_shared<mail::MemoryBody>(message.chunks);
    fresh_.message.envelope.from = address("sender@origin.example");
  }
  Reports add(uint8_t notify, const Expand& expand = {}) {
    mail::Expanded one;
    one.given.address = address("sales@x.example");
    one.given.notify = notify;
    one.to = {address("john@x.example"), address("ann@x.example")};
    return add_expansions(fresh_, {one}, settings_, expand, ids_, samples::kStart, transaction_);
  }

  ManualClock clock_{samples::kStart};
  IdSource ids_{clock_};
  bounce::Settings settings_;
  Fresh fresh_;
  queue::Transaction transaction_;
};

TEST_F(AddExpansions, the_ledger_tells_the_alias) {
  EXPECT_TRUE(add(mail::notify_unset).messages.empty());
  ASSERT_EQ(transaction_.events.size(), 1U);
  EXPECT_EQ(transaction_.events[0].kind, queue::EventKind::expanded);
  EXPECT_EQ(transaction_.events[0].address, "sales@x.example");
  EXPECT_EQ(transaction_.events[0].detail, "to john@x.example, ann@x.example");
  EXPECT_FALSE(transaction_.events[0].recipient) << "of the message, not of one recipient's fate";
}

TEST_F(AddExpansions, rfc_091_success_of_an_alias_of_several_is_one_expanded_report) {
  const Reports reports = add(mail::notify_success);
  ASSERT_EQ(reports.messages.size(), 1U);
  ASSERT_EQ(transaction_.messages.size(), 1U);
  EXPECT_EQ(reports.messages[0].recipients.at(0).recipient.address, address("sender@origin.example"));
  std::string text;
  for (const Chunk& chunk : transaction_.messages[0].chunks) text += chunk.view();
  EXPECT_THAT(text, HasSubstr("Action: expanded"));
  EXPECT_EQ(transaction_.events.back().kind, queue::EventKind::report_sent);
}

TEST_F(AddExpansions, nobody_is_told_where_nobody_asked_or_could_read_it) {
  fresh_.message.envelope.from.reset();
  EXPECT_TRUE(add(mail::notify_success).messages.empty()) << "the null sender";
}

TEST_F(AddExpansions, a_sender_that_is_an_alias_itself_is_found) {
  const Reports reports = add(mail::notify_success, [](mail::Recipient given) {
    mail::Expanded out;
    out.to = {address("one@origin.example"), address("two@origin.example")};
    out.given = std::move(given);
    return out;
  });
  ASSERT_EQ(reports.messages.size(), 1U);
  EXPECT_EQ(reports.messages[0].recipients.size(), 2U);
  EXPECT_EQ(reports.messages[0].message.recipient_count, 2U);
}

}  // namespace
}  // namespace waybill::handover
