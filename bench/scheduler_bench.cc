// What the scheduler adds to a message, apart from the disk: the store is in memory.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "queue/memory_store.h"
#include "queue/scheduler.h"

namespace {
using namespace waybill;
using namespace waybill::queue;

struct World {
  NewMessage message(const std::string& domain) {
    NewMessage out;
    out.message.id = ids.next();
    out.message.arrived = clock.now();
    out.message.envelope.from = *mail::Address::parse("sender@example.org");
    out.message.size_octets = 100;
    out.message.chunk_count = 1;
    out.message.recipient_count = 1;
    out.chunks.emplace_back(std::string(100, 'x'));
    RecipientRecord to;
    to.recipient.address = *mail::Address::parse("user@" + domain);
    to.next_attempt = out.message.arrived;
    out.recipients.push_back(std::move(to));
    return out;
  }
  void commit(Transaction transaction) {
    store.commit(std::move(transaction), [](const Status& status) {
      if (!status) std::abort();
    });
  }

  SystemClock clock;
  IdSource ids{clock};
  MemoryStore store;
  Scheduler scheduler{store, Schedule{}, SchedulerLimits{}, 1};
};

// Accepted, handed out, delivered, settled: one message at a time, to `domains` domains in turn.
void message_through(benchmark::State& state) {
  World world;
  world.scheduler.recover();
  std::vector<std::string> domains;
  for (int64_t n = 0; n < state.range(0); ++n) domains.push_back(fmt::format("d{}.example.net", n));
  size_t turn = 0;
  for (auto _ : state) {
    const Time now = world.clock.now();
    NewMessage added = world.message(domains[turn++ % domains.size()]);
    auto record = std::make_shared<const MessageRecord>(added.message);
    auto recipients = added.recipients;
    Transaction accept;
    accept.messages.push_back(std::move(added));
    world.commit(std::move(accept));
    world.scheduler.accepted(std::move(record), std::move(recipients), nullptr, now);
    const auto deliveries = world.scheduler.next(now);
    if (!deliveries || deliveries->size() != 1) return state.SkipWithError("not handed out");
    mail::Outcome taken;
    taken.fate = mail::Fate::delivered;
    taken.reply = {250, {2, 0, 0}, "ok"};
    const Plan plan = world.scheduler.finished({deliveries->front(), {taken}}, now);
    Transaction end;
    end.changes = plan.changes;
    world.commit(std::move(end));
    world.scheduler.settled(plan.changes);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(message_through)->Arg(1)->Arg(1000);

// After a start: the window filled from the index, as many as it holds, of `domains` domains.
void fill_window(benchmark::State& state) {
  World world;
  constexpr int64_t kQueued = 30'000;
  for (int64_t n = 0; n < kQueued; ++n) {
    Transaction one;
    one.messages.push_back(world.message(fmt::format("d{}.example.net", n % state.range(0))));
    world.commit(std::move(one));
  }
  const Time now = world.clock.now();
  size_t taken = 0;
  for (auto _ : state) {
    Scheduler scheduler(world.store, Schedule{}, SchedulerLimits{}, 1);
    scheduler.recover();
    for (size_t before = SIZE_MAX; scheduler.stats().ready_recipients != before;) {
      before = scheduler.stats().ready_recipients;
      if (!scheduler.next(now, 0)) return state.SkipWithError("can't read");
    }
    taken += scheduler.stats().ready_recipients;
  }
  state.SetItemsProcessed(static_cast<int64_t>(taken));
}
BENCHMARK(fill_window)->Arg(10)->Arg(10'000)->Unit(benchmark::kMillisecond);
}  // namespace
