// What a backup's primary refuses is not reported to strangers; everything else is.
#include "handover/backscatter.h"

#include <gtest/gtest.h>

#include "support/queue_samples.h"

namespace waybill::handover {
namespace {
namespace samples = queue::samples;

queue::Plan plan_of(queue::ReportKind kind, queue::State state, bool remote) {
  queue::Plan plan;
  plan.message = std::make_shared<const queue::MessageRecord>(
      samples::message(samples::id_at(1), {"a@backup.example"}).message);
  queue::Report report;
  report.kind = kind;
  report.key = {samples::id_at(1), 0};
  report.record = samples::recipient("a@backup.example");
  report.record.state = state;
  report.outcome = mail::Outcome::rejected(550, {5, 1, 1}, "no such user");
  report.outcome.remote = remote;
  report.decision = {true, "by default"};
  plan.reports.push_back(report);
  queue::Change change;
  change.key = report.key;
  change.after = report.record;
  change.event.detail = "at 192.0.2.1:25";
  plan.changes.push_back(change);
  return plan;
}

const Quiet kBackup = [](const queue::MessageRecord&, const mail::Domain& domain) {
  return domain.text() == "backup.example";
};

TEST(Backscatter, a_remote_refusal_at_a_backup_is_not_reported_and_the_ledger_says_so) {
  queue::Plan plan = plan_of(queue::ReportKind::failure, queue::State::bounced, true);
  EXPECT_EQ(withhold_backscatter(plan, kBackup), 1U);
  EXPECT_FALSE(plan.reports[0].decision.wanted);
  EXPECT_EQ(plan.changes[0].event.detail,
            "at 192.0.2.1:25; no report: a stranger's address may be forged (bounce_refused)");
  EXPECT_EQ(withhold_backscatter(plan, kBackup), 0U) << "once";
}

TEST(Backscatter, everything_else_is_reported) {
  const auto kept = [](queue::Plan plan, const Quiet& quiet) {
    return withhold_backscatter(plan, quiet) == 0 && plan.reports[0].decision.wanted;
  };
  using Kind = queue::ReportKind;
  using queue::State;
  EXPECT_TRUE(kept(plan_of(Kind::failure, State::expired, true), kBackup)) << "its time is up";
  EXPECT_TRUE(kept(plan_of(Kind::failure, State::bounced, false), kBackup)) << "our own word";
  EXPECT_TRUE(kept(plan_of(Kind::delay, State::queued, true), kBackup));
  EXPECT_TRUE(kept(plan_of(Kind::relayed, State::delivered, true), kBackup));
  EXPECT_TRUE(kept(plan_of(Kind::failure, State::bounced, true),
                   [](const queue::MessageRecord&, const mail::Domain&) { return false; }));
  EXPECT_TRUE(kept(plan_of(Kind::failure, State::bounced, true), {}));
}
}  // namespace
}  // namespace waybill::handover
