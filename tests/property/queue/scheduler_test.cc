// Whatever the order of events: no recipient is lost, none is handed out twice at once, none starves, and
// memory stays bounded; also when the process dies in between.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "queue/memory_store.h"
#include "queue/operate.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;

/// A world in which mail comes, is tried, fails, is operated on, and the router crashes.
class World {
 public:
  World() { restart(); }

  void step(uint32_t dice) {
    switch (dice % 10) {
      case 0:
      case 1:
      case 2:
        return accept_one(dice / 10);
      case 3:
      case 4:
        return hand_out();
      case 5:
      case 6:
        return answer(dice / 10);
      case 7:
        now_ += Millis{(dice / 10) % 7'200'000};
        return;
      case 8:
        return operate(dice / 10);
      case 9:
        return seldom(dice / 10);
    }
  }

  /// All hosts work from now on and every held recipient is released: in the end nothing may be left.
  void drain() {
    answer_all();
    for (int round = 0; round < 500 && store_->stats().messages > 0; ++round) {
      const auto page = store_->list(Selector{.domain = {},
                                              .sender = {},
                                              .recipient = {},
                                              .host = {},
                                              .last_reply = {},
                                              .state = State::held},
                                     now_, std::nullopt, 1000);
      act_on(Action::Kind::release, keys_of(*page));
      hand_out();
      answer_all();
      if (const auto wake = scheduler_->next_wake(now_); wake && *wake > now_) now_ = *wake;
    }
    RC_ASSERT(store_->stats().messages == 0u);
    RC_ASSERT(out_.empty());
    RC_ASSERT(scheduler_->stats().tracked_recipients == 0u);
    const auto custody = store_->verify_custody();
    RC_ASSERT(custody->faults_total == 0u);
    RC_ASSERT(custody->accepted == accepted_);
  }

 private:
  static SchedulerLimits limits() {
    return {.window_recipients_max = 40,
            .window_per_domain_max = 15,
            .body_octets_max = 200,
            .recipients_per_delivery_max = 4,
            .outstanding_max = 12,
            .outstanding_per_domain_max = 4};
  }
  void restart() {
    in_flight_.clear();
    out_.clear();
    scheduler_ = std::make_unique<Scheduler>(*store_, Schedule{}, limits(), 3);
    scheduler_->recover();
  }
  void accept_one(uint32_t dice) {
    std::vector<std::string> to;
    for (uint32_t i = 0; i <= dice % 9; ++i)
      to.push_back(fmt::format("u{}@d{}.example", i, (dice / 9 + i * i) % 5));
    NewMessage added = message(id_at(++ids_), to, "body", now_);
    accepted_ += to.size();
    auto record = std::make_shared<const MessageRecord>(added.message);
    auto recipients = added.recipients;
    auto body = std::make_shared<mail::MemoryBody>(added.chunks);
    RC_ASSERT(accept(*store_, std::move(added)).has_value());
    // Sometimes the loop runs before it hears of the commit.
    if (dice % 4 == 0) hand_out();
    scheduler_->accepted(record, std::move(recipients), body, now_);
  }
  void hand_out() {
    const auto work = scheduler_->next(now_);
    RC_ASSERT(work.has_value());
    for (const auto& delivery : *work) {
      RC_ASSERT(!delivery->recipients.empty());
      RC_ASSERT(delivery->body->chunk(0).has_value());
      for (const auto& to : delivery->recipients) {
        RC_ASSERT(in_flight_.insert({delivery->id, to.index}).second);
        RC_ASSERT(store_->recipient({delivery->id, to.index})->has_value());
      }
      out_.push_back(delivery);
    }
    const auto stats = scheduler_->stats();
    RC_ASSERT(stats.ready_recipients <= limits().window_recipients_max);
    RC_ASSERT(stats.outstanding <= limits().outstanding_max);
    RC_ASSERT(stats.body_octets <= limits().body_octets_max);
    RC_ASSERT(out_.size() == stats.outstanding);
  }
  void answer(uint32_t dice) {
    if (out_.empty()) return;
    const size_t which = dice % out_.size();
    const auto delivery = out_[which];
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(which));
    mail::DeliveryResult result{delivery, {}};
    for (size_t i = 0; i < delivery->recipients.size(); ++i) {
      switch ((dice / 16 + i) % 4) {
        case 0:
          result.outcomes.push_back({.fate = mail::Fate::delivered});
          break;
        case 1:
          result.outcomes.push_back(mail::Outcome::rejected(550, {5, 1, 1}, "no"));
          break;
        default:
          result.outcomes.push_back(mail::Outcome::deferred(451, {4, 3, 0}, "later"));
          break;
      }
    }
    settle(delivery, scheduler_->finished(result, now_));
  }
  void answer_all() {
    while (!out_.empty()) {
      const auto delivery = out_.back();
      out_.pop_back();
      settle(delivery, scheduler_->finished({delivery, std::vector<mail::Outcome>(
                                                           delivery->recipients.size(),
                                                           mail::Outcome{.fate = mail::Fate::delivered})},
                                            now_));
    }
  }
  void settle(const mail::DeliveryPtr& delivery, const Plan& plan) {
    for (const auto& to : delivery->recipients) in_flight_.erase({delivery->id, to.index});
    Transaction transaction;
    transaction.changes = plan.changes;
    RC_ASSERT(commit(*store_, std::move(transaction)).has_value());
    scheduler_->settled(plan.changes);
  }
  void act_on(Action::Kind kind, const std::vector<RecipientKey>& keys) {
    const Acted acted =
        act(*scheduler_, *store_, {kind, "joe", kind == Action::Kind::reroute ? "relay" : ""}, keys, now_);
    for (const Change& change : acted.changes) RC_ASSERT(!in_flight_.contains(change.key));
    Transaction transaction;
    transaction.changes = acted.changes;
    RC_ASSERT(commit(*store_, std::move(transaction)).has_value());
    scheduler_->settled(acted.changes);
  }
  void operate(uint32_t dice) {
    const auto page = store_->list({}, now_, RecipientKey{id_at(dice % (ids_ + 1)), 0}, 1 + dice % 6);
    act_on(static_cast<Action::Kind>(dice / 64 % 5), keys_of(*page));
  }
  void seldom(uint32_t dice) {
    switch (dice % 6) {
      case 0:
        restart();
        return;  // and every answer under way is lost with it
      case 1:
        scheduler_->release_domains({"d0.example", "d1.example"}, now_);
        return;
      case 2:
        now_ -= Millis{dice % 100'000};
        return;
      case 3: {
        if (out_.empty()) return;
        const auto back = out_.back();
        out_.pop_back();
        settle(back, scheduler_->returned(back, now_));
        return;
      }
      default: {  // an operator's commit fails
        const auto page = store_->list({}, now_, std::nullopt, 3);
        const Acted acted =
            act(*scheduler_, *store_, {Action::Kind::remove, "joe", ""}, keys_of(*page), now_);
        abandon_all(*scheduler_, acted.changes);
        return;
      }
    }
  }

  std::unique_ptr<MemoryStore> store_ = std::make_unique<MemoryStore>();
  std::unique_ptr<Scheduler> scheduler_;
  Time now_ = kStart;
  uint64_t ids_ = 0;
  uint64_t accepted_ = 0;
  std::set<RecipientKey> in_flight_;
  std::vector<mail::DeliveryPtr> out_;
};

RC_GTEST_PROP(SchedulerProperty, nobody_is_lost_doubled_or_starved, (const std::vector<uint32_t>& dice)) {
  World world;
  for (const uint32_t one : dice) world.step(one);
  world.drain();
}

// RapidCheck's own sizes stay small: one long run of many events with fixed dice.
TEST(SchedulerProperty, nobody_is_lost_in_long_runs) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    try {
      World world;
      uint32_t dice = seed * 2654435761U;
      for (int i = 0; i < 1500; ++i) {
        dice = dice * 1664525U + 1013904223U;
        world.step(dice >> 4);
      }
      world.drain();
    } catch (const rc::detail::CaseResult& result) {  // outside rc::check nobody else says what failed
      FAIL() << "seed " << seed << ": " << result.description;
    }
  }
}

RC_GTEST_PROP(ScheduleProperty, waits_lie_within_the_schedule, (uint16_t attempts, uint64_t seed)) {
  const Schedule schedule;
  const Millis wait = retry_wait(schedule, attempts, seed);
  RC_ASSERT(wait >= std::chrono::minutes(30));
  RC_ASSERT(wait <= std::chrono::hours(4) + std::chrono::minutes(24));
}

}  // namespace
}  // namespace waybill::queue
