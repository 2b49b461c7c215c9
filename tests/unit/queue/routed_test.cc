// What a route of ours ends or holds: fates of their own, which no attempt made and nobody hears of.
#include <gtest/gtest.h>

#include "queue/codec.h"
#include "queue/ledger.h"
#include "queue/memory_store.h"
#include "queue/operate.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {
using namespace samples;

const mail::Outcome kDiscarded{.fate = mail::Fate::discarded, .reply = {0, {}, "by the route \"*\""}};
const mail::Outcome kHeld{.fate = mail::Fate::held, .reply = {0, {}, "by the route \"*\""}};

Verdict judged(const mail::Outcome& outcome, const Intent& intent = {}) {
  RecipientRecord record = recipient("a@example.net");
  record.attempts = 3;
  record.last_attempt = kStart;
  record.last_reply = {450, {4, 2, 1}, "later"};
  record.recipient.notify = mail::notify_success | mail::notify_failure;
  return judge({}, message(id_at(1), {"a@example.net"}).message, {id_at(1), 0}, record, outcome, intent,
               kStart + std::chrono::minutes(1), 42);
}

TEST(Routed, a_discarded_one_ends_and_nobody_is_told) {
  const Verdict verdict = judged(kDiscarded);
  EXPECT_EQ(verdict.change.after.state, State::discarded);
  EXPECT_TRUE(is_final(verdict.change.after.state));
  EXPECT_EQ(verdict.change.event.kind, EventKind::discarded);
  EXPECT_EQ(verdict.change.event.detail, "by the route \"*\"");
  EXPECT_TRUE(verdict.reports.empty());
  EXPECT_EQ(verdict.change.after.attempts, 3);
  EXPECT_TRUE(validate({verdict.change}));
  EXPECT_EQ(attempts_of(0, {verdict.change.event}), 0U);
}

TEST(Routed, a_held_one_keeps_what_was_known_of_its_attempts) {
  const Verdict verdict = judged(kHeld);
  EXPECT_EQ(verdict.change.after.state, State::held);
  EXPECT_EQ(verdict.change.event.kind, EventKind::held);
  EXPECT_EQ(verdict.change.after.attempts, 3);
  EXPECT_EQ(verdict.change.after.last_reply.code, 450);
  EXPECT_EQ(verdict.change.after.last_attempt, kStart);
  EXPECT_TRUE(verdict.reports.empty());
  EXPECT_TRUE(validate({verdict.change}));
}

TEST(Routed, what_an_operator_asked_for_meanwhile_comes_first) {
  EXPECT_EQ(judged(kDiscarded, {Intent::Kind::remove, "joe", ""}).change.after.state, State::deleted);
  EXPECT_EQ(judged(kDiscarded, {Intent::Kind::hold, "joe", ""}).change.after.state, State::held);
  const Verdict rerouted = judged(kDiscarded, {Intent::Kind::reroute, "joe", "[relay.example]"});
  EXPECT_EQ(rerouted.change.after.state, State::queued);
  EXPECT_EQ(rerouted.change.after.route_pin, "[relay.example]");
  EXPECT_EQ(rerouted.change.event.detail, "by joe, to [relay.example]");
  EXPECT_EQ(judged(kHeld, {Intent::Kind::retry, "joe", ""}).change.after.state, State::held)
      << "trying it now is what led here";
}

TEST(Routed, a_release_is_remembered) {
  RecipientRecord held = recipient("a@example.net");
  held.state = State::held;
  const auto change = change_for({Action::Kind::release, "joe", ""}, {id_at(1), 0}, held, kStart);
  ASSERT_TRUE(change);
  EXPECT_TRUE(change->after.released);
  EXPECT_EQ(*decode_recipient("k", encode("k", change->after)), change->after);
}

TEST(Routed, released_recipients_travel_apart_from_others) {
  MemoryStore store;
  NewMessage added = message(id_at(1), {"a@example.net", "b@example.net", "c@example.net"});
  added.recipients[1].released = true;
  added.message.origin.listener = "submission 127.0.0.1:587";
  Scheduler scheduler(store, {}, {}, 1);
  scheduler.recover();
  const auto about = std::make_shared<const MessageRecord>(added.message);
  const auto recipients = added.recipients;
  ASSERT_TRUE(accept(store, std::move(added)));
  scheduler.accepted(about, recipients, nullptr, kStart);
  const auto work = scheduler.next(kStart);
  ASSERT_TRUE(work);
  ASSERT_EQ(work->size(), 2U);
  for (const mail::DeliveryPtr& one : *work) {
    EXPECT_EQ(one->recipients.size(), one->released ? 1U : 2U);
    EXPECT_EQ(one->listener, "submission 127.0.0.1:587");
  }
}

TEST(Routed, the_auditor_counts_a_discarded_one_as_ended) {
  NewMessage added = message(id_at(1), {"a@example.net"});
  Auditor auditor;
  auditor.event(accepted_event(added), 1);
  auditor.event(judged(kDiscarded).change.event, 0);
  auditor.close(id_at(1));
  const CustodyReport report = auditor.take();
  EXPECT_EQ(report.faults_total, 0U);
  EXPECT_EQ(report.discarded, 1U);
}

}  // namespace
}  // namespace waybill::queue
