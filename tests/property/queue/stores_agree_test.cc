// The model: whatever is done to both stores, the one on disk answers as the one in memory does, across
// closings and openings too.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "queue/memory_store.h"
#include "queue/rocks_store.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;

class Pair {
 public:
  explicit Pair(size_t hot) : hot_(hot) { open(); }
  void open() {
    rocks_.reset();
    auto opened = RocksStore::open(
        {.path = dir_.spool(), .clock = &clock_, .memory_octets = 8 << 20, .hot_recipients_max = hot_});
    RC_ASSERT(opened.has_value());
    rocks_ = std::move(*opened);
  }
  void step(uint32_t dice) {
    const uint32_t rest = dice / 8;
    switch (dice % 8) {
      case 0:
      case 1: {
        std::vector<std::string> to;
        for (uint32_t i = 0; i <= rest % 3; ++i)
          to.push_back(fmt::format("u{}@d{}.example", i, (rest / 3 + i) % 4));
        Transaction transaction;
        transaction.messages.push_back(message(id_at(rest % 40), to, "body", kStart + Millis{rest % 1000}));
        return both(transaction);
      }
      case 7:
        if (rest % 8 == 0) open();
        return;
      default: {
        Transaction transaction;
        for (uint32_t i = 0; i <= rest % 2; ++i) {
          const uint32_t n = rest / 2 % 3;
          const RecipientKey key{id_at(rest / 7 % 40), n};
          const auto known = memory_.recipient(key);
          RecipientRecord after = *known ? **known : recipient("u0@d0.example");
          after.next_attempt = kStart + Millis{rest % 5 * 100};
          ++after.attempts;
          static constexpr std::array kStates{State::queued, State::queued, State::held, State::delivered,
                                              State::bounced};
          transaction.changes.push_back(change(key, after, kStates.at((rest / 3 + i) % kStates.size())));
        }
        return both(transaction);
      }
    }
  }
  void compare() const {
    RC_ASSERT(*memory_.due(std::nullopt, Time::max(), 1000) == *rocks_->due(std::nullopt, Time::max(), 1000));
    for (int d = 0; d < 4; ++d) {
      const auto domain = fmt::format("d{}.example", d);
      RC_ASSERT(*memory_.due_in_domain(domain, std::nullopt, Time::max(), 1000) ==
                *rocks_->due_in_domain(domain, std::nullopt, Time::max(), 1000));
    }
    for (uint64_t i = 0; i < 40; ++i) {
      RC_ASSERT(*memory_.message(id_at(i)) == *rocks_->message(id_at(i)));
      RC_ASSERT(*memory_.recipients(id_at(i)) == *rocks_->recipients(id_at(i)));
      RC_ASSERT(*memory_.events(id_at(i)) == *rocks_->events(id_at(i)));
    }
    const auto a = memory_.stats();
    const auto b = rocks_->stats();
    RC_ASSERT(a.messages == b.messages);
    RC_ASSERT(a.recipients_queued == b.recipients_queued);
    RC_ASSERT(a.recipients_held == b.recipients_held);
    RC_ASSERT(rocks_->verify_custody()->faults_total == memory_.verify_custody()->faults_total);
    RC_ASSERT(*memory_.next_due() == *rocks_->next_due());
  }

 private:
  void both(const Transaction& transaction) {
    const auto copy = [&transaction] {
      return Transaction{transaction.messages, transaction.changes, transaction.events};
    };
    const Status a = commit(memory_, copy());
    const Status b = commit(*rocks_, copy());
    RC_ASSERT(a.has_value() == b.has_value());
    if (!a) RC_ASSERT(a.error().code == b.error().code);
  }
  size_t hot_;
  TempDir dir_;
  ManualClock clock_{kStart};
  MemoryStore memory_;
  std::unique_ptr<RocksStore> rocks_;
};

// Few but long runs: opening a spool costs more than a hundred steps on it.
TEST(StoresAgree, over_long_runs_with_and_without_memory_of_recent_messages) {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    Pair pair(seed % 2 == 0 ? 1 : 100'000);
    uint32_t dice = seed * 2654435761U;
    for (int i = 0; i < 400; ++i) {
      dice = dice * 1664525U + 1013904223U;
      pair.step(dice >> 3);
      if (i % 80 == 0) pair.compare();
    }
    pair.compare();
  }
}

}  // namespace
}  // namespace waybill::queue
