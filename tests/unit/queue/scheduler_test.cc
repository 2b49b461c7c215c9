#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "queue/memory_store.h"
#include "queue/operate.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;
using std::chrono::hours;
using std::chrono::minutes;

class SchedulerTest : public ::testing::Test {
 protected:
  explicit SchedulerTest(SchedulerLimits limits = {}) : scheduler_(store_, Schedule{}, limits, 7) {}

  void accept_and_tell(NewMessage added) {
    auto record = std::make_shared<const MessageRecord>(added.message);
    auto recipients = added.recipients;
    auto body = std::make_shared<mail::MemoryBody>(added.chunks);
    ASSERT_TRUE(accept(store_, std::move(added)));
    scheduler_.accepted(record, std::move(recipients), body, now_);
  }
  std::vector<mail::DeliveryPtr> next(size_t max = SIZE_MAX) {
    auto out = scheduler_.next(now_, max);
    EXPECT_TRUE(out);
    return *out;
  }
  Plan finish(const mail::DeliveryPtr& delivery, const mail::Outcome& outcome) {
    Plan plan = scheduler_.finished(
        {delivery, std::vector<mail::Outcome>(delivery->recipients.size(), outcome)}, now_);
    settle(plan.changes);
    return plan;
  }
  void settle(const std::vector<Change>& changes) {
    Transaction transaction;
    transaction.changes = changes;
    ASSERT_TRUE(commit(store_, std::move(transaction)));
    scheduler_.settled(changes);
  }

  MemoryStore store_;
  Scheduler scheduler_;
  Time now_ = kStart;
  const mail::Outcome deferred_ = mail::Outcome::deferred(451, {4, 3, 0}, "later");
  const mail::Outcome delivered_{.fate = mail::Fate::delivered};
};

TEST_F(SchedulerTest, groups_a_message_by_domain_and_keeps_its_body) {
  accept_and_tell(message(id_at(1), {"a@one.example", "b@two.example", "c@one.example"}, "the body"));
  const auto work = next();
  ASSERT_EQ(work.size(), 2u);
  EXPECT_EQ(work[0]->domain.text(), "one.example");
  EXPECT_EQ(work[0]->recipients.size(), 2u);
  EXPECT_EQ(work[0]->recipients[1].index, 2u);
  EXPECT_EQ(work[0]->body->chunk(0)->view(), "the body");
  EXPECT_EQ(work[0]->envelope->from->to_string(), "sender@example.org");
  EXPECT_EQ(work[1]->recipients[0].recipient.address.to_string(), "b@two.example");
  EXPECT_TRUE(next().empty()) << "never twice at once";
  EXPECT_FALSE(scheduler_.next_wake(now_));
  finish(work[0], delivered_);
  finish(work[1], delivered_);
  EXPECT_EQ(scheduler_.stats().tracked_recipients, 0u);
  EXPECT_EQ(scheduler_.stats().domains, 0u);
  EXPECT_EQ(store_.stats().messages, 0u);
}

TEST_F(SchedulerTest, a_deferred_one_comes_back_when_it_is_due_and_not_before) {
  accept_and_tell(message(id_at(1), {"a@one.example"}));
  const Plan plan = finish(next().at(0), deferred_);
  const Time at = plan.changes.at(0).after.next_attempt;
  EXPECT_EQ(scheduler_.next_wake(now_), at);
  now_ = at - Millis{1};
  EXPECT_TRUE(next().empty());
  now_ = at;
  const auto again = next();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0]->recipients[0].attempts, 1);
  EXPECT_EQ(again[0]->body->chunk(0)->view(), "Subject: x\r\n\r\nhello\r\n") << "read back from the store";
}

TEST_F(SchedulerTest, until_it_is_settled_it_is_not_tried_again) {
  accept_and_tell(message(id_at(1), {"a@one.example"}));
  const auto work = next();
  const Plan plan = scheduler_.finished({work[0], {delivered_}}, now_);
  ASSERT_EQ(plan.changes.size(), 1u);
  now_ += hours(10);
  EXPECT_TRUE(next().empty()) << "the disk may be full; it was delivered all the same";
  EXPECT_EQ(scheduler_.phase({id_at(1), 0}), Phase::committing);
  EXPECT_TRUE(scheduler_.finished({work[0], {delivered_}}, now_).changes.empty()) << "a second answer";
  settle(plan.changes);
  EXPECT_EQ(scheduler_.phase({id_at(1), 0}), Phase::none);
}

TEST_F(SchedulerTest, a_missing_answer_is_a_deferral) {
  accept_and_tell(message(id_at(1), {"a@one.example", "b@one.example"}));
  const auto work = next();
  const Plan plan = scheduler_.finished({work[0], {delivered_}}, now_);
  EXPECT_EQ(plan.changes.at(0).after.state, State::delivered);
  EXPECT_EQ(plan.changes.at(1).after.state, State::queued);
}

TEST_F(SchedulerTest, recovers_from_the_due_index) {
  for (uint64_t i = 0; i < 3000; ++i)
    ASSERT_TRUE(accept(store_, message(id_at(i), {fmt::format("a@d{}.example", i % 7)})));
  scheduler_.recover();
  std::set<MessageId> seen;
  for (int round = 0; round < 50 && seen.size() < 3000; ++round) {
    for (const auto& work : next()) {
      EXPECT_TRUE(seen.insert(work->id).second);
      finish(work, delivered_);
    }
  }
  EXPECT_EQ(seen.size(), 3000u);
  EXPECT_EQ(store_.stats().messages, 0u);
}

TEST_F(SchedulerTest, the_clock_going_back_loses_nobody) {
  accept_and_tell(message(id_at(1), {"a@one.example"}));
  finish(next().at(0), deferred_);
  now_ -= hours(48);
  accept_and_tell(message(id_at(2), {"a@one.example"}, "x", now_));
  EXPECT_EQ(next().size(), 1u);
  now_ = kStart + hours(2);
  EXPECT_EQ(next().size(), 1u);
}

TEST_F(SchedulerTest, the_clock_going_back_strands_nobody_whom_an_operator_left_alone) {
  EXPECT_TRUE(next().empty());
  accept_and_tell(message(id_at(1), {"a@one.example"}));
  const Acted acted = act(scheduler_, store_, {Action::Kind::remove, "joe", ""}, {{id_at(1), 0}}, now_);
  ASSERT_EQ(acted.changes.size(), 1u);
  abandon_all(scheduler_, acted.changes);  // the commit failed
  const Time accepted_at = now_;
  now_ -= minutes(1);
  EXPECT_TRUE(next().empty());
  EXPECT_EQ(scheduler_.next_wake(now_), accepted_at);
  now_ = accepted_at;
  EXPECT_EQ(next().size(), 1u);
}

TEST_F(SchedulerTest, a_returned_delivery_is_ready_again) {
  accept_and_tell(message(id_at(1), {"a@one.example", "b@one.example"}));
  const auto work = next();
  ASSERT_EQ(scheduler_.reserve({id_at(1), 1}, {Intent::Kind::remove, "joe", ""}), Scheduler::Reserved::later);
  const Plan plan = scheduler_.returned(work[0], now_);
  ASSERT_EQ(plan.changes.size(), 1u);
  EXPECT_EQ(plan.changes[0].after.state, State::deleted);
  settle(plan.changes);
  const auto again = next();
  ASSERT_EQ(again.size(), 1u);
  ASSERT_EQ(again[0]->recipients.size(), 1u);
  EXPECT_EQ(again[0]->recipients[0].index, 0u);
}

TEST_F(SchedulerTest, operators_act_on_what_waits_and_on_the_result_of_what_is_tried) {
  accept_and_tell(message(id_at(1), {"a@one.example"}));
  accept_and_tell(message(id_at(2), {"a@one.example"}));
  const auto first = next(1);
  const auto page = store_.list({}, now_, std::nullopt, 10);
  Acted held = act(scheduler_, store_, {Action::Kind::hold, "joe", ""}, keys_of(*page), now_);
  ASSERT_EQ(held.changes.size(), 1u);
  EXPECT_EQ(held.later, std::vector{(RecipientKey{id_at(1), 0})});
  EXPECT_TRUE(next().empty()) << "what is being held is not handed out";
  EXPECT_EQ(act(scheduler_, store_, {Action::Kind::remove, "joe", ""}, {{id_at(2), 0}}, now_).busy.size(),
            1u);
  settle(held.changes);
  EXPECT_EQ(finish(first[0], deferred_).changes.at(0).after.state, State::held);
  EXPECT_EQ(store_.stats().recipients_held, 2u);
  now_ += hours(48);
  EXPECT_TRUE(next().empty());
  EXPECT_EQ(act(scheduler_, store_, {Action::Kind::retry, "joe", ""}, {{id_at(1), 0}}, now_).unchanged, 1u);
  const Acted released =
      act(scheduler_, store_, {Action::Kind::release, "joe", ""}, {{id_at(1), 0}, {id_at(2), 0}}, now_);
  ASSERT_EQ(released.changes.size(), 2u);
  settle(released.changes);
  EXPECT_EQ(next().size(), 2u);
}

TEST_F(SchedulerTest, retry_reroute_and_delete_of_waiting_ones) {
  for (uint64_t i = 1; i <= 3; ++i) accept_and_tell(message(id_at(i), {"a@one.example"}));
  for (const auto& work : next()) finish(work, deferred_);
  const auto retried = act(scheduler_, store_, {Action::Kind::retry, "joe", ""}, {{id_at(1), 0}}, now_);
  settle(retried.changes);
  const auto rerouted =
      act(scheduler_, store_, {Action::Kind::reroute, "joe", "relay.example"}, {{id_at(2), 0}}, now_);
  settle(rerouted.changes);
  const auto removed = act(scheduler_, store_, {Action::Kind::remove, "joe", ""}, {{id_at(3), 0}}, now_);
  settle(removed.changes);
  const auto work = next();
  ASSERT_EQ(work.size(), 2u);
  EXPECT_EQ(work[0]->route_pin + work[1]->route_pin, "relay.example");
  EXPECT_EQ(store_.events(id_at(3))->back().detail, "by joe");
  const auto abandoned = act(scheduler_, store_, {Action::Kind::remove, "joe", ""}, {{id_at(1), 0}}, now_);
  EXPECT_EQ(abandoned.later.size(), 1u);
}

TEST_F(SchedulerTest, a_host_that_is_back_gets_its_siblings_oldest_first_until_it_fails_again) {
  for (uint64_t i = 1; i <= 300; ++i) accept_and_tell(message(id_at(i), {"a@one.example"}));
  for (int round = 0; round < 20; ++round) {
    for (const auto& work : next()) finish(work, deferred_);
  }
  EXPECT_TRUE(next().empty());
  now_ += minutes(5);
  scheduler_.release_domains({"one.example"}, now_);
  EXPECT_EQ(scheduler_.next_wake(now_), now_);
  auto work = next();
  EXPECT_EQ(work.size(), 50u) << "the limit of one destination";
  EXPECT_LE(scheduler_.stats().ready_recipients, 100u) << "in order, not all at once";
  for (const auto& one : work) finish(one, delivered_);
  work = next();
  ASSERT_EQ(work.size(), 50u);
  for (const auto& one : work) finish(one, deferred_);
  EXPECT_EQ(scheduler_.stats().released_domains, 1u) << "one refusal says nothing about the rest";
  scheduler_.withhold({"one.example"});
  EXPECT_EQ(scheduler_.stats().released_domains, 0u);
  size_t left = 0;
  for (work = next(); !work.empty(); work = next()) {
    left += work.size();
    for (const auto& one : work) finish(one, deferred_);
  }
  EXPECT_LE(left, 100u) << "only what had been pulled in already";
  EXPECT_EQ(store_.stats().recipients_queued, 250u);
}

TEST_F(SchedulerTest, a_release_begins_with_the_oldest_message_whatever_is_due_next) {
  // The youngest have the nearest next attempts.
  for (uint64_t i = 1; i <= 120; ++i) {
    accept_and_tell(message(id_at(i), {"a@one.example"}));
    for (const auto& work : next()) finish(work, deferred_);
    now_ += minutes(1);
  }
  scheduler_.release_domains({"one.example"}, now_);
  uint64_t last = 0;
  size_t seen = 0;
  for (auto work = next(); !work.empty(); work = next()) {
    for (const auto& one : work) {
      EXPECT_GT(one->id.value, last);
      EXPECT_TRUE(one->backlog);
      last = one->id.value;
      ++seen;
    }
    for (const auto& one : work) finish(one, delivered_);
  }
  EXPECT_EQ(seen, 120u);
  EXPECT_EQ(scheduler_.stats().released_domains, 0u);
}

TEST_F(SchedulerTest, fresh_mail_and_what_waited_take_turns) {
  for (uint64_t i = 1; i <= 60; ++i) accept_and_tell(message(id_at(i), {"a@one.example"}));
  for (int round = 0; round < 3; ++round) {
    for (const auto& work : next()) finish(work, deferred_);
  }
  now_ += minutes(1);
  scheduler_.release_domains({"one.example"}, now_);
  EXPECT_EQ(*scheduler_.next(now_, 0), std::vector<mail::DeliveryPtr>{}) << "only reads the index";
  for (uint64_t i = 101; i <= 110; ++i) accept_and_tell(message(id_at(i), {"a@one.example"}));
  const auto work = next();
  ASSERT_GE(work.size(), 20u);
  size_t fresh = 0;
  for (size_t n = 0; n < 20; ++n) fresh += work[n]->backlog ? 0 : 1;
  EXPECT_EQ(fresh, 10u) << "every second one while there are both";
}

TEST_F(SchedulerTest, one_message_for_a_probe_is_taken_from_any_of_the_domains) {
  accept_and_tell(message(id_at(1), {"a@two.example"}));
  accept_and_tell(message(id_at(2), {"a@two.example"}));
  for (const auto& work : next()) finish(work, deferred_);
  EXPECT_TRUE(next().empty());
  EXPECT_FALSE(*scheduler_.release_one({"one.example"}));
  EXPECT_TRUE(*scheduler_.release_one({"one.example", "two.example"}));
  const auto work = next();
  ASSERT_EQ(work.size(), 1u);
  EXPECT_TRUE(*scheduler_.release_one({"two.example"})) << "it is on its way";
  EXPECT_TRUE(next().empty());
  EXPECT_TRUE(work[0]->unreached);
}

TEST_F(SchedulerTest, what_was_in_the_spool_before_the_start_is_backlog) {
  accept_and_tell(message(id_at(1), {"a@one.example"}));
  scheduler_.recover();
  accept_and_tell(message(id_at(2), {"a@one.example"}));
  for (const auto& one : next()) EXPECT_EQ(one->backlog, one->id == id_at(1));
}

TEST_F(SchedulerTest, why_says_what_it_is_and_when_it_goes_on) {
  accept_and_tell(message(id_at(1), {"a@one.example"}));
  EXPECT_EQ(scheduler_.why({id_at(1), 0}, now_)->phase, Phase::ready);
  const auto work = next();
  EXPECT_EQ(scheduler_.why({id_at(1), 0}, now_)->reasons.at(0), "it is handed out to delivery");
  const Plan plan = finish(work[0], deferred_);
  const auto why = scheduler_.why({id_at(1), 0}, now_);
  EXPECT_EQ(why->next_attempt, plan.changes[0].after.next_attempt);
  // Ours, for nobody answered (the outcome is not a host's word).
  EXPECT_NE(why->reasons.at(1).find(" failed: 451 4.3.0 later"), std::string::npos) << why->reasons.at(1);
  now_ = *why->next_attempt;
  mail::Outcome said = deferred_;
  said.remote = true;
  finish(next().at(0), said);
  const auto again = scheduler_.why({id_at(1), 0}, now_);
  EXPECT_NE(again->reasons.at(1).find(" was answered: 451 4.3.0 later"), std::string::npos);
  EXPECT_FALSE(scheduler_.why({id_at(9), 0}, now_)->record);
}

class SmallWindow : public SchedulerTest {
 protected:
  SmallWindow()
      : SchedulerTest({.window_recipients_max = 500,
                       .window_per_domain_max = 200,
                       .body_octets_max = 1000,
                       .recipients_per_delivery_max = 10,
                       .outstanding_max = 60,
                       .outstanding_per_domain_max = 20}) {}
};

TEST_F(SmallWindow, memory_is_bounded_and_all_is_delivered_once) {
  std::map<RecipientKey, int> times;
  for (uint64_t i = 0; i < 400; ++i) {
    std::vector<std::string> to;
    for (int k = 0; k < 15; ++k)
      to.push_back(fmt::format("u{}@d{}.example", k, (i + static_cast<uint64_t>(k)) % 3));
    accept_and_tell(message(id_at(i), to));
    EXPECT_LE(scheduler_.stats().ready_recipients, 500u);
    EXPECT_LE(scheduler_.stats().body_octets, 1000u);
  }
  for (int round = 0; round < 10000 && store_.stats().messages > 0; ++round) {
    const auto work = next();
    EXPECT_LE(scheduler_.stats().ready_recipients, 500u);
    EXPECT_LE(work.size(), 60u);
    for (const auto& one : work) {
      EXPECT_LE(one->recipients.size(), 10u);
      for (const auto& to : one->recipients) ++times[{one->id, to.index}];
      finish(one, delivered_);
    }
  }
  EXPECT_EQ(times.size(), 6000u);
  for (const auto& [key, n] : times) EXPECT_EQ(n, 1);
  EXPECT_EQ(store_.stats().messages, 0u);
}

TEST_F(SmallWindow, a_hundred_thousand_for_one_domain_do_not_delay_another) {
  for (uint64_t i = 0; i < 1000; ++i) {
    std::vector<std::string> to;
    for (int k = 0; k < 100; ++k) to.push_back(fmt::format("u{}@big.example", k));
    accept_and_tell(message(id_at(i), to));
  }
  accept_and_tell(message(id_at(5000), {"a@small.example"}));
  const auto first = next();
  EXPECT_TRUE(std::ranges::any_of(first, [](const auto& one) { return one->id == id_at(5000); }))
      << "fresh mail: at once";
  // After a restart the big domain stands first in the index; the small one is found within a bounded sweep.
  Scheduler fresh(store_, Schedule{}, {.window_recipients_max = 500, .window_per_domain_max = 200}, 1);
  int rounds = 0;
  for (bool found = false; !found; ++rounds) {
    ASSERT_LT(rounds, 40);
    const auto work = fresh.next(now_);
    ASSERT_TRUE(work);
    found = std::ranges::any_of(*work, [](const auto& one) { return one->domain.text() == "small.example"; });
    EXPECT_LE(fresh.stats().ready_recipients, 500u);
  }
}

}  // namespace
}  // namespace waybill::queue
