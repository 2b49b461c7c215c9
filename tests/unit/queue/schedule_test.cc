#include <gtest/gtest.h>

#include "queue/schedule.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

const Schedule kSchedule;
const mail::Outcome kDeferred = mail::Outcome::deferred(451, {4, 3, 0}, "later");
const mail::Outcome kRejected = mail::Outcome::rejected(550, {5, 1, 1}, "no such user");

Verdict judged(const mail::Outcome& outcome, Millis age = minutes(1), const Intent& intent = {},
               RecipientRecord before = recipient("a@example.net"), bool null_sender = false) {
  MessageRecord about = message(id_at(1), {"a@example.net"}).message;
  if (null_sender) about.envelope.from.reset();
  return judge(kSchedule, about, {id_at(1), 0}, before, outcome, intent, kStart + age, 42);
}

TEST(Rfc, rfc_041_a_4yz_is_retried_spaced_first_after_30_minutes) {
  RecipientRecord record = recipient("a@example.net");
  const std::vector<Millis> waits{minutes(30), hours(1), hours(2), hours(4), hours(4)};
  for (const Millis wait : waits) {
    const Verdict verdict = judged(kDeferred, hours(1), {}, record);
    record = verdict.change.after;
    EXPECT_EQ(record.state, State::queued);
    EXPECT_EQ(verdict.change.event.kind, EventKind::deferred);
    EXPECT_GE(record.next_attempt, kStart + hours(1) + wait);
    EXPECT_LE(record.next_attempt, kStart + hours(1) + wait + wait / 10);
  }
  EXPECT_EQ(record.attempts, waits.size());
}

TEST(Rfc, rfc_041_sooner_where_the_host_is_known_to_be_back) {
  mail::Outcome soon = kDeferred;
  soon.retry_after = minutes(2);
  EXPECT_EQ(judged(soon).change.after.next_attempt, kStart + minutes(3));
  soon.retry_after = days(3);
  EXPECT_LT(judged(soon).change.after.next_attempt, kStart + hours(1)) << "never later than the schedule";
}

TEST(Rfc, rfc_042_after_five_days_it_expires_with_4_4_7) {
  RecipientRecord record = recipient("a@example.net");
  record.attempts = 30;
  const Verdict last = judged(kDeferred, days(5) - minutes(1), {}, record);
  EXPECT_EQ(last.change.after.state, State::queued);
  EXPECT_EQ(last.change.after.next_attempt, kStart + days(5)) << "one last attempt when the time is up";
  const Verdict over = judged(kDeferred, days(5), {}, record);
  EXPECT_EQ(over.change.after.state, State::expired);
  EXPECT_EQ(over.change.event.kind, EventKind::expired);
  EXPECT_EQ(over.change.after.last_reply, kDeferred.reply) << "the host's own words stay";
  ASSERT_EQ(over.reports.size(), 1u);
  EXPECT_EQ(over.reports[0].kind, ReportKind::failure);
  EXPECT_TRUE(over.reports[0].decision.wanted);
  EXPECT_EQ(over.reports[0].outcome.reply.enhanced, (mail::EnhancedStatus{4, 4, 7}));
}

TEST(Schedule, whose_words_the_last_reply_are_is_kept) {
  mail::Outcome said = kDeferred;
  said.remote = true;
  const RecipientRecord answered = judged(said).change.after;
  EXPECT_TRUE(answered.reply_is_remote);
  EXPECT_FALSE(judged(kDeferred, hours(1), {}, answered).change.after.reply_is_remote)
      << "nobody answered the next attempt";
}

TEST(Schedule, a_backup_holds_a_domains_mail_for_its_own_time_whoever_sent_it) {
  Schedule schedule;
  schedule.hold_for.emplace("example.net", days(21));
  const auto judge_at = [&](Millis age, const char* to, bool null_sender) {
    MessageRecord about = message(id_at(1), {to}).message;
    if (null_sender) about.envelope.from.reset();
    RecipientRecord record = recipient(to);
    record.attempts = 200;
    return judge(schedule, about, {id_at(1), 0}, record, kDeferred, {}, kStart + age, 42).change;
  };
  for (const bool null_sender : {false, true}) {
    EXPECT_EQ(judge_at(days(21) - minutes(1), "a@example.net", null_sender).after.state, State::queued);
    EXPECT_EQ(judge_at(days(21), "a@example.net", null_sender).after.state, State::expired);
    EXPECT_NE(judge_at(days(21), "a@example.net", null_sender).event.detail.find("for 21d"),
              std::string::npos);
  }
  EXPECT_EQ(judge_at(days(5), "a@example.org", false).after.state, State::expired) << "another domain";
  EXPECT_EQ(judge_at(days(5), "a@sub.example.net", false).after.state, State::expired) << "nor one below it";
}

TEST(Schedule, mail_from_the_null_sender_has_an_end_of_its_own) {
  const RecipientRecord record = recipient("a@example.net");
  const Verdict last = judged(kDeferred, days(2) - minutes(1), {}, record, true);
  EXPECT_EQ(last.change.after.state, State::queued);
  EXPECT_EQ(last.change.after.next_attempt, kStart + days(2));
  const Verdict over = judged(kDeferred, days(2), {}, record, true);
  EXPECT_EQ(over.change.after.state, State::expired);
  EXPECT_NE(over.change.event.detail.find("2d"), std::string::npos) << over.change.event.detail;
  EXPECT_FALSE(over.reports.at(0).decision.wanted);
  EXPECT_EQ(judged(kDeferred, days(2), {}, record).change.after.state, State::queued) << "a sender can hear";
}

TEST(Schedule, a_rejection_bounces_and_a_delivery_ends) {
  const Verdict rejected = judged(kRejected);
  EXPECT_EQ(rejected.change.after.state, State::bounced);
  EXPECT_TRUE(rejected.reports.at(0).decision.wanted);
  mail::Outcome good{.fate = mail::Fate::delivered,
                     .reply = {250, {2, 0, 0}, "ok"},
                     .host = "mx",
                     .address = "192.0.2.9:25"};
  good.dsn_passed = true;
  const Verdict delivered = judged(good);
  EXPECT_EQ(delivered.change.after.state, State::delivered);
  EXPECT_TRUE(delivered.reports.empty()) << "the next hop answers for success";
  RecipientRecord asked = recipient("a@example.net");
  asked.recipient.notify = mail::notify_success;
  good.dsn_passed = false;
  EXPECT_EQ(judged(good, minutes(1), {}, asked).reports.at(0).kind, ReportKind::relayed);
  good.final_delivery = true;
  EXPECT_EQ(judged(good, minutes(1), {}, asked).reports.at(0).kind, ReportKind::delivered);
  EXPECT_TRUE(judged(good, minutes(1), {}, asked).reports.at(0).decision.wanted);
  EXPECT_FALSE(judged(good).reports.at(0).decision.wanted) << "nobody asked";
}

TEST(Schedule, nobody_is_told_who_must_not_or_did_not_want_to_hear) {
  EXPECT_FALSE(
      judged(kRejected, minutes(1), {}, recipient("a@example.net"), true).reports.at(0).decision.wanted);
  RecipientRecord quiet = recipient("a@example.net");
  quiet.recipient.notify = mail::notify_never;
  const Verdict never = judged(kRejected, minutes(1), {}, quiet);
  EXPECT_FALSE(never.reports.at(0).decision.wanted);
  EXPECT_NE(never.reports.at(0).decision.why.find("NEVER"), std::string::npos);
  quiet.recipient.notify = mail::notify_success | mail::notify_delay;
  EXPECT_FALSE(judged(kRejected, minutes(1), {}, quiet).reports.at(0).decision.wanted);
}

TEST(Schedule, a_delay_is_told_once_after_four_hours) {
  EXPECT_TRUE(judged(kDeferred, hours(4) - minutes(1)).reports.empty());
  const Verdict first = judged(kDeferred, hours(4));
  ASSERT_EQ(first.reports.size(), 1u);
  EXPECT_EQ(first.reports[0].kind, ReportKind::delay);
  EXPECT_TRUE(first.change.after.delay_notified);
  EXPECT_TRUE(judged(kDeferred, hours(5), {}, first.change.after).reports.empty());
}

TEST(Schedule, a_delay_notice_after_zero_is_none) {
  const Schedule silent{.delay_notice_after = Millis{0}};
  const MessageRecord about = message(id_at(1), {"a@example.net"}).message;
  for (const Millis age : {Millis{0}, Millis{hours(5)}, Millis{days(4)}}) {
    const Verdict late =
        judge(silent, about, {id_at(1), 0}, recipient("a@example.net"), kDeferred, {}, kStart + age, 42);
    EXPECT_TRUE(late.reports.empty()) << age.count();
  }
}

TEST(Schedule, what_an_operator_asked_for_meanwhile_applies_to_the_result) {
  const Intent remove{Intent::Kind::remove, "joe", ""};
  EXPECT_EQ(judged(kDeferred, minutes(1), remove).change.after.state, State::deleted);
  EXPECT_EQ(judged(kDeferred, minutes(1), remove).change.event.detail, "by joe");
  const Verdict rejected = judged(kRejected, minutes(1), remove);
  EXPECT_EQ(rejected.change.after.state, State::deleted);
  EXPECT_TRUE(rejected.reports.empty());
  const mail::Outcome good{.fate = mail::Fate::delivered};
  EXPECT_EQ(judged(good, minutes(1), remove).change.after.state, State::delivered) << "the truth";
  EXPECT_EQ(judged(kDeferred, minutes(1), {Intent::Kind::hold, "joe", ""}).change.after.state, State::held);
  const Verdict rerouted = judged(kDeferred, minutes(1), {Intent::Kind::reroute, "joe", "relay"});
  EXPECT_EQ(rerouted.change.after.route_pin, "relay");
  EXPECT_EQ(rerouted.change.after.next_attempt, kStart + minutes(1));
}

TEST(Schedule, a_bad_schedule_is_refused) {
  EXPECT_TRUE(validate(kSchedule));
  EXPECT_FALSE(validate(Schedule{.retry_after = {}}));
  EXPECT_FALSE(validate(Schedule{.retry_after = {Millis{5}}}));
  EXPECT_FALSE(validate(Schedule{.expire_after = minutes(5)}));
  EXPECT_FALSE(validate(Schedule{.expire_null_after = -minutes(5)}));
}

}  // namespace
}  // namespace waybill::queue
