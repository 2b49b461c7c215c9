// What the queue wants reported, as messages of their own for the same transaction.
#include "handover/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/queue_samples.h"

namespace waybill::handover {
namespace {
namespace samples = queue::samples;
using queue::ReportKind;

queue::Report about(uint32_t index, const char* address, ReportKind kind, bool wanted = true) {
  queue::Report out;
  out.kind = kind;
  out.key = {samples::id_at(1), index};
  out.record = samples::recipient(address);
  out.outcome = mail::Outcome::rejected(550, {5, 1, 1}, "no such user");
  out.decision.wanted = wanted;
  return out;
}

class AddReports : public ::testing::Test {
 protected:
  AddReports() {
    settings_.hostname = mail::Domain::parse("mx1.example.org").value();
    const queue::NewMessage original = samples::message(samples::id_at(1), {"a@x.example", "b@x.example"});
    plan_.message = std::make_shared<const queue::MessageRecord>(original.message);
    plan_.body = std::make_shared<mail::MemoryBody>(original.chunks);
  }
  Reports add() { return add_reports(plan_, settings_, {}, ids_, samples::kStart, transaction_); }

  ManualClock clock_{samples::kStart};
  IdSource ids_{clock_};
  bounce::Settings settings_;
  queue::Plan plan_;
  queue::Transaction transaction_;
};

TEST_F(AddReports, one_message_for_each_kind_of_news) {
  plan_.reports = {about(0, "a@x.example", ReportKind::delivered),
                   about(1, "b@x.example", ReportKind::failure), about(2, "c@x.example", ReportKind::relayed),
                   about(3, "d@x.example", ReportKind::failure), about(4, "e@x.example", ReportKind::delay)};
  const Reports reports = add();
  EXPECT_TRUE(reports.failed.empty());
  ASSERT_EQ(reports.messages.size(), 3U) << "two failures in one, the delay, two successes in one";
  ASSERT_EQ(transaction_.messages.size(), 3U);
  ASSERT_EQ(transaction_.events.size(), 5U);
  std::vector<queue::EventKind> kinds;
  for (const queue::Event& event : transaction_.events) kinds.push_back(event.kind);
  EXPECT_THAT(kinds, testing::ElementsAre(queue::EventKind::report_sent, queue::EventKind::report_sent,
                                          queue::EventKind::delay_notice_sent, queue::EventKind::report_sent,
                                          queue::EventKind::report_sent));
  EXPECT_EQ(transaction_.events[1].recipient, 3U);
  EXPECT_THAT(transaction_.events[0].detail, testing::HasSubstr(reports.messages[0].message.id.to_string()));
}

TEST_F(AddReports, a_report_is_a_message_like_any_other_from_null_to_the_sender) {
  plan_.reports = {about(1, "b@x.example", ReportKind::failure)};
  const Reports reports = add();
  ASSERT_EQ(reports.messages.size(), 1U);
  const Fresh& fresh = reports.messages[0];
  EXPECT_EQ(fresh.message.origin.via, mail::Origin::Via::bounce);
  EXPECT_EQ(fresh.message.envelope.from, std::nullopt);
  EXPECT_TRUE(fresh.message.envelope.recipients.empty()) << "they have records of their own";
  ASSERT_EQ(fresh.recipients.size(), 1U);
  EXPECT_EQ(fresh.recipients[0].recipient.address.to_string(), "sender@example.org");
  EXPECT_EQ(fresh.recipients[0].next_attempt, samples::kStart);
  const queue::NewMessage& stored = transaction_.messages.at(0);
  EXPECT_EQ(stored.message, fresh.message);
  EXPECT_EQ(stored.recipients, fresh.recipients);
  EXPECT_EQ(stored.chunks.size(), fresh.message.chunk_count);
  EXPECT_EQ(fresh.body->size_octets(), fresh.message.size_octets);
}

TEST_F(AddReports, a_delay_says_until_when_a_backup_holds_it) {
  queue::Schedule schedule;
  schedule.hold_for.emplace("x.example", std::chrono::days{21});
  plan_.reports = {about(0, "a@x.example", ReportKind::delay)};
  const Reports reports = add_reports(plan_, settings_, schedule, ids_, samples::kStart, transaction_);
  ASSERT_EQ(reports.messages.size(), 1U);
  const Chunk text = reports.messages[0].body->chunk(0).value();
  const std::string until = format_rfc5322(plan_.message->arrived + std::chrono::days{21});
  EXPECT_NE(text.view().find("Will-Retry-Until: " + until), std::string::npos) << text.view();
}

TEST_F(AddReports, what_nobody_wants_is_not_told) {
  plan_.reports = {about(0, "a@x.example", ReportKind::failure, false)};
  EXPECT_TRUE(add().messages.empty());
  EXPECT_TRUE(transaction_.messages.empty());
  EXPECT_TRUE(transaction_.events.empty());
}

TEST_F(AddReports, what_cannot_be_composed_is_said_and_leaves_no_trace) {
  auto orphan = *plan_.message;
  orphan.envelope.from = std::nullopt;  // never answered: RFC 5321 4.5.5
  plan_.message = std::make_shared<const queue::MessageRecord>(orphan);
  plan_.reports = {about(0, "a@x.example", ReportKind::failure)};
  const Reports reports = add();
  EXPECT_TRUE(reports.messages.empty());
  EXPECT_EQ(reports.failed.size(), 1U);
  EXPECT_TRUE(transaction_.messages.empty());
  EXPECT_TRUE(transaction_.events.empty());
}

TEST(ToBounce, only_a_delay_says_until_when) {
  const Time give_up = samples::kStart + Seconds{60};
  EXPECT_EQ(to_bounce(about(0, "a@x.example", ReportKind::delay), give_up).will_retry_until, give_up);
  EXPECT_EQ(to_bounce(about(0, "a@x.example", ReportKind::failure), give_up).will_retry_until, Time{});
  queue::Report expired = about(0, "a@x.example", ReportKind::failure);
  expired.record.state = queue::State::expired;
  EXPECT_TRUE(to_bounce(expired, give_up).expired);
}

}  // namespace
}  // namespace waybill::handover
