// What the due index costs once many recipients wait in it: what comes and goes beside them, one domain's
// part, the next time, a page for an operator.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "queue_spool.h"

namespace {
using namespace waybill;
using namespace waybill::queue;
using bench::Spool;

constexpr size_t kDomains = 1000;
constexpr size_t kFillBatch = 500;

/// `waiting` recipients of kDomains domains, none of them due for hours, as after a host's failure.
void fill(Spool& spool, size_t waiting) {
  for (size_t n = 0; n < waiting;) {
    std::vector<Transaction> all;
    for (; all.size() < kFillBatch && n < waiting; ++n) {
      all.emplace_back().messages.push_back(
          spool.message(100, fmt::format("user{}@d{}.example.net", n, n % kDomains), Millis{3'600'000}));
    }
    spool.commit(std::move(all));
  }
}

// A message accepted, found due, delivered and gone, 32 at a time: two syncs for the 32.
void through_beside_waiting(benchmark::State& state) {
  Spool spool;
  fill(spool, static_cast<size_t>(state.range(0)));
  constexpr size_t kBatch = 32;
  for (auto _ : state) {
    std::vector<Transaction> accepts(kBatch);
    std::vector<Transaction> ends(kBatch);
    for (size_t i = 0; i < kBatch; ++i) {
      NewMessage added = spool.message(1000);
      ends[i].changes.push_back(spool.delivered(added.message.id, added.recipients[0]));
      accepts[i].messages.push_back(std::move(added));
    }
    spool.commit(std::move(accepts));
    const auto due = spool.store->due(std::nullopt, spool.clock.now(), 1000);
    if (!due || due->size() != kBatch) return state.SkipWithError("not those that are due");
    spool.commit(std::move(ends));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
}
BENCHMARK(through_beside_waiting)->Arg(0)->Arg(100'000)->UseRealTime()->MeasureProcessCPUTime();

void next_due(benchmark::State& state) {
  Spool spool;
  fill(spool, static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(spool.store->next_due());
}
BENCHMARK(next_due)->Arg(100'000);

void due_in_domain(benchmark::State& state) {
  Spool spool;
  fill(spool, static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    const auto page = spool.store->due_in_domain("d7.example.net", std::nullopt, Time::max(), 100);
    if (!page || page->size() != 100) return state.SkipWithError("not the domain's");
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(due_in_domain)->Arg(100'000);

void list_page(benchmark::State& state) {
  Spool spool;
  fill(spool, static_cast<size_t>(state.range(0)));
  const Time now = spool.clock.now();
  for (auto _ : state) {
    const auto page = spool.store->list({}, now, std::nullopt, 1000);
    if (!page || page->rows.size() != 1000) return state.SkipWithError("not a page");
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(list_page)->Arg(100'000);
}  // namespace
