// What the spool costs: durable accepts and ends by batch size, reads of the due index, encoding.
#include <benchmark/benchmark.h>

#include "queue/codec.h"
#include "queue/crc32c.h"
#include "queue/keys.h"
#include "queue_spool.h"

namespace {
using namespace waybill;
using namespace waybill::queue;
using bench::Spool;

// One message's whole life in the spool: accepted (synced), delivered (synced), gone.
void accept_and_deliver(benchmark::State& state) {
  Spool spool;
  const auto batch = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    std::vector<Transaction> accepts(batch);
    std::vector<Transaction> ends(batch);
    for (size_t i = 0; i < batch; ++i) {
      NewMessage added = spool.message(4096);
      ends[i].changes.push_back(spool.delivered(added.message.id, added.recipients[0]));
      accepts[i].messages.push_back(std::move(added));
    }
    spool.commit(std::move(accepts));
    spool.commit(std::move(ends));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["syncs_per_message"] = static_cast<double>(spool.store->stats().commits) /
                                        static_cast<double>(state.iterations() * state.range(0));
}
BENCHMARK(accept_and_deliver)->Arg(1)->Arg(32)->Arg(256)->UseRealTime()->MeasureProcessCPUTime();

void ledger_append(benchmark::State& state) {
  Spool spool;
  const auto batch = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    Transaction transaction;
    for (size_t i = 0; i < batch; ++i)
      transaction.events.push_back(
          {.time = spool.clock.now(), .message = spool.ids.next(), .kind = EventKind::report_sent});
    std::vector<Transaction> all;
    all.push_back(std::move(transaction));
    spool.commit(std::move(all));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ledger_append)->Arg(1)->Arg(100)->UseRealTime();

void due_page(benchmark::State& state) {
  Spool spool;
  const auto queued = static_cast<size_t>(state.range(0));
  std::vector<Transaction> all;
  for (size_t i = 0; i < queued; ++i) all.emplace_back().messages.push_back(spool.message(100));
  spool.commit(std::move(all));
  std::optional<Due> after;
  for (auto _ : state) {
    const auto page = spool.store->due(after, Time::max(), 1000);
    after = page->empty() ? std::nullopt : std::optional(page->back());
    benchmark::DoNotOptimize(page);
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(due_page)->Arg(100'000);

// From the start of the process to the first page of work: issue "a restart resumes within a second".
void reopen(benchmark::State& state) {
  Spool spool;
  std::vector<Transaction> all;
  for (int64_t i = 0; i < state.range(0); ++i) all.emplace_back().messages.push_back(spool.message(1000));
  spool.commit(std::move(all));
  for (auto _ : state) {
    spool.store.reset();
    spool.store = std::move(*RocksStore::open({.path = spool.folder + "/spool", .clock = &spool.clock}));
    const auto page = spool.store->due(std::nullopt, Time::max(), 1000);
    if (!page || page->empty()) std::abort();
  }
}
BENCHMARK(reopen)->Arg(100'000)->Unit(benchmark::kMillisecond);

void encode_recipient(benchmark::State& state) {
  RecipientRecord to;
  to.recipient.address = *mail::Address::parse("user@example.net");
  const auto key = recipient_key({{1}, 2});
  for (auto _ : state) benchmark::DoNotOptimize(encode(key.view(), to));
}
BENCHMARK(encode_recipient);

void checksum_chunk(benchmark::State& state) {
  const std::string chunk(kChunkOctetsMax, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(chunk));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(chunk.size()));
}
BENCHMARK(checksum_chunk);
}  // namespace

BENCHMARK_MAIN();
