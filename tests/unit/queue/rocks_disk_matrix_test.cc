// immunity "full disk" and "crash after 250", one place after the other: a small fixed piece of work on the
// real store, in which the first, second, third … operation on the disk fails, each in several ways; then the
// power goes. What was answered as good is there, whole; what was refused is not half there; what was
// recorded as delivered stays so; and when the disk works again, so does the store, with no restart.
//
// Here every eighth place, from one that is drawn and printed, meets one of the ways in turn. With
// WAYBILL_EVERY_FAULT=1 in the environment every place meets all; WAYBILL_FIRST_PLACE=N repeats a run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <set>

#include "queue/rocks_store.h"
#include "support/crash_fs.h"
#include "support/fault_fs.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;
using Fault = CrashFs::Fault;

struct Way {
  const char* name;
  Fault fault;
  bool lasting;
};
constexpr std::array<Way, 6> kWays{{{"ENOSPC once", Fault::no_space, false},
                                    {"EIO from then on", Fault::io, true},
                                    {"half a write, then ENOSPC, once", Fault::short_write, false},
                                    {"EIO once", Fault::io, false},
                                    {"ENOSPC from then on", Fault::no_space, true},
                                    {"half a write, then ENOSPC, from then on", Fault::short_write, true}}};

constexpr uint64_t kMessages = 12;

std::string part_of(uint64_t n, char which) {
  std::string out = fmt::format("part {} of message {}\r\n", which, n);
  out.append(2500, which);
  return out;
}

NewMessage sample(uint64_t n, bool spilled) {
  NewMessage out = message(id_at(n), {"a@example.net", "b@example.com"}, part_of(n, 'x'));
  out.message.chunk_count = 2;
  out.chunks.emplace_back(part_of(n, 'y'));
  if (spilled) {
    out.chunks.erase(out.chunks.begin());
    out.first_chunk = 1;
  }
  return out;
}

/// What the store said, and what it was asked in vain.
struct Said {
  std::set<uint64_t> accepted, refused;
  std::set<RecipientKey> delivered, undelivered;
};

/// A refusal that is answered with 451 or 452 and tried again; any other would be taken for final.
void expect_passing(const Status& status) {
  const Errc code = status.error().code;
  EXPECT_TRUE(code == Errc::no_space || code == Errc::io || code == Errc::busy) << status.error().what;
}

void take_in(Store& store, uint64_t n, Said& said) {
  const bool spills = n % 3 == 0;
  Status status;
  if (spills) status = store.put_chunk(id_at(n), 0, Chunk(part_of(n, 'x')));
  if (status) status = accept(store, sample(n, spills));
  if (!status) {
    expect_passing(status);
    said.refused.insert(n);
    return;
  }
  said.refused.erase(n);
  said.accepted.insert(n);
}

void deliver(Store& store, RecipientKey key, uint64_t n, Said& said) {
  if (!said.accepted.contains(n)) return;
  const char* address = key.index == 0 ? "a@example.net" : "b@example.com";
  const auto status = apply(store, change(key, recipient(address), State::delivered));
  if (!status) {
    expect_passing(status);
    said.undelivered.insert(key);
    return;
  }
  said.undelivered.erase(key);
  said.delivered.insert(key);
}

void work(Store& store, Said& said) {
  for (uint64_t n = 1; n <= kMessages; ++n) {
    take_in(store, n, said);
    if (n > 2) deliver(store, {id_at(n - 2), 0}, n - 2, said);
    if (n > 3 && n % 4 == 0) deliver(store, {id_at(n - 3), 1}, n - 3, said);
    if (n == 5) {
      (void)store.put_chunk(id_at(900), 0, Chunk(part_of(900, 'x')));
      store.discard(id_at(900), 1);
    }
  }
}

void try_again(Store& store, Said& said) {
  for (const uint64_t n : std::set(said.refused)) take_in(store, n, said);
  for (uint64_t n = 1; n <= kMessages; ++n) {
    for (const uint32_t index : {0U, 1U}) {
      if (said.undelivered.contains({id_at(n), index})) deliver(store, {id_at(n), index}, n, said);
    }
  }
}

void expect_whole(const Store& store, uint64_t n) {
  for (const auto& [number, which] : {std::pair(0U, 'x'), std::pair(1U, 'y')}) {
    const auto chunk = store.chunk(id_at(n), number);
    ASSERT_TRUE(chunk) << "message " << n << ": " << chunk.error().what;
    EXPECT_EQ(chunk->view(), part_of(n, which)) << n;
  }
}

void expect_kept(const Store& store, const Said& said) {
  for (const uint64_t n : said.accepted) {
    size_t open = 0;
    for (const uint32_t index : {0U, 1U}) {
      const RecipientKey key{id_at(n), index};
      const auto record = store.recipient(key);
      ASSERT_TRUE(record) << record.error().what;
      if (said.delivered.contains(key)) {
        EXPECT_FALSE(*record) << n << "/" << index << " was delivered, and would be sent again";
      } else if (!said.undelivered.contains(key)) {
        EXPECT_TRUE(*record) << n << "/" << index << " was answered with 250 and is gone";
      }
      open += *record ? 1 : 0;
    }
    const auto kept = store.message(id_at(n));
    ASSERT_TRUE(kept) << kept.error().what;
    EXPECT_EQ(kept->has_value(), open > 0) << n;
    EXPECT_FALSE(store.events(id_at(n))->empty()) << n;
  }
  // Refused mail may have reached the disk whole: its sender sends it again. Never half.
  const auto all = store.list({}, kStart, std::nullopt, 1000);
  ASSERT_TRUE(all) << all.error().what;
  for (const Listed& row : all->rows) expect_whole(store, row.message.id.value - id_at(0).value);
  EXPECT_EQ(store.due(std::nullopt, kStart, 1000)->size(), all->rows.size());
  EXPECT_EQ(store.stats().files_set_aside, "");
  const auto report = store.verify_custody();
  ASSERT_TRUE(report) << report.error().what;
  for (const auto& fault : report->faults) ADD_FAILURE() << fault;
}

class RocksDiskMatrixTest : public ::testing::Test {
 protected:
  /// A store in a folder of its own, on a disk of its own.
  struct Bench {
    explicit Bench(const Clock& clock) {
      std::filesystem::create_directories(dir.path() + "/deleted");
      options.path = dir.spool();
      options.clock = &clock;
      options.reserve_octets = 0;
      options.memory_octets = 16 << 20;
      options.log_octets_max = 24 << 10;  // so that a few messages make RocksDB flush by itself
      options.env = env.get();
    }
    TempDir dir;
    std::shared_ptr<CrashFs> fs = std::make_shared<CrashFs>(dir.path() + "/deleted");
    std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(fs);
    RocksStoreOptions options;
  };

  void expect_kept_in(const std::string& image, const Said& said) {
    RocksStoreOptions options;
    options.path = image;
    options.clock = &clock_;
    options.memory_octets = 16 << 20;
    options.env = quick_.get();
    const auto store = RocksStore::open(options);
    ASSERT_TRUE(store) << store.error().what;
    expect_kept(**store, said);
  }
  void work_and_recover(uint64_t nth, const Way& way);
  struct Swallowed {
    uint64_t messages = 0, gone = 0, named = 0;
  };
  void find_what_was_swallowed(uint64_t nth, Swallowed& sum);
  void recover_after_trouble(const std::string& image, const Said& said, uint64_t nth, const Way& way);
  static bool every_fault() { return std::getenv("WAYBILL_EVERY_FAULT") != nullptr; }
  static uint64_t step() { return every_fault() ? 1 : 8; }
  /// Calls `one(nth, way)` until no fault is met any more.
  template <class One>
  void at_every_place(One one) {
    const bool all = every_fault();
    const char* given = std::getenv("WAYBILL_FIRST_PLACE");
    const uint64_t step = this->step();
    uint64_t nth = given != nullptr ? std::strtoull(given, nullptr, 10) : 1 + std::random_device{}() % step;
    fmt::print("WAYBILL_FIRST_PLACE={}\n", nth);
    uint64_t cases = 0;
    met_ = true;
    for (; met_ && !HasFatalFailure(); nth += step) {
      met_ = false;
      for (size_t i = 0; i < (all ? kWays.size() : 1); ++i, ++cases) {
        const Way& way = kWays.at((nth / step + i) % kWays.size());
        SCOPED_TRACE(fmt::format("operation {}: {}", nth, way.name));
        one(nth, way);
      }
    }
    fmt::print("{} cases, the last at place {}\n", cases, nth - step);
    EXPECT_GT(nth, 60u);
  }

  ManualClock clock_{kStart};
  // For looking at what is left: it fails nothing, and does not wait for the disk.
  std::unique_ptr<rocksdb::Env> quick_ = rocksdb::NewCompositeEnv(std::make_shared<FaultFs>());
  bool met_ = true;
};

void RocksDiskMatrixTest::work_and_recover(uint64_t nth, const Way& way) {
  Bench bench(clock_);
  auto opened = RocksStore::open(bench.options);
  ASSERT_TRUE(opened) << opened.error().what;
  Store& store = **opened;
  bench.fs->fail(nth, way.fault, way.lasting);
  Said said;
  work(store, said);
  met_ = met_ || !bench.fs->met().empty();
  SCOPED_TRACE("met: " + bench.fs->met());
  bench.fs->leave(bench.options.path, bench.dir.path() + "/cut-in-trouble");
  bench.fs->heal();
  const Said before = said;
  try_again(store, said);
  EXPECT_TRUE(said.refused.empty() && said.undelivered.empty()) << "the disk works, and so does the spool";
  expect_kept(store, said);
  bench.fs->leave(bench.options.path, bench.dir.path() + "/cut-after");
  expect_kept_in(bench.dir.path() + "/cut-in-trouble", before);
  expect_kept_in(bench.dir.path() + "/cut-after", said);
}

TEST_F(RocksDiskMatrixTest, every_operation_of_a_days_work_fails_once_and_for_good) {
  at_every_place([this](uint64_t nth, const Way& way) { work_and_recover(nth, way); });
}

void RocksDiskMatrixTest::recover_after_trouble(const std::string& image, const Said& said, uint64_t nth,
                                                const Way& way) {
  Bench bench(clock_);
  // What a power cut left, known to this disk as durable.
  bench.fs->adopt(image, bench.options.path);
  bench.fs->fail(nth, way.fault, way.lasting);
  {
    const auto store = RocksStore::open(bench.options);
    met_ = met_ || !bench.fs->met().empty();
    SCOPED_TRACE("met: " + bench.fs->met());
    if (store) {
      expect_kept(**store, said);
    } else {
      expect_passing(std::unexpected(store.error()));
    }
    bench.fs->leave(bench.options.path, bench.dir.path() + "/cut");
    bench.fs->heal();
  }
  expect_kept_in(bench.dir.path() + "/cut", said);
  expect_kept_in(bench.options.path, said);
}

// The power goes, and then the disk fails while the spool is opened: an opening that fails loses nothing, and
// neither does a power cut in the middle of it.
TEST_F(RocksDiskMatrixTest, every_operation_of_an_opening_fails_once_and_for_good) {
  Bench bench(clock_);
  Said said;
  auto store = RocksStore::open(bench.options);
  ASSERT_TRUE(store) << store.error().what;
  work(**store, said);
  ASSERT_TRUE(said.refused.empty() && said.undelivered.empty());
  const std::string image = bench.dir.path() + "/cut";
  bench.fs->leave(bench.options.path, image);
  at_every_place([&](uint64_t nth, const Way& way) { recover_after_trouble(image, said, nth, way); });
}

/// Of what was accepted: whole, with the recipients that it must have.
bool is_whole(const Store& store, uint64_t n, const Said& said) {
  for (const uint32_t index : {0U, 1U}) {
    const auto record = store.recipient({id_at(n), index});
    if (!record || record->has_value() == said.delivered.contains({id_at(n), index})) return false;
  }
  if (said.delivered.contains({id_at(n), 0}) && said.delivered.contains({id_at(n), 1})) return true;
  for (const auto& [number, which] : {std::pair(0U, 'x'), std::pair(1U, 'y')}) {
    const auto chunk = store.chunk(id_at(n), number);
    if (!chunk || chunk->view() != part_of(n, which)) return false;
  }
  return true;
}

void RocksDiskMatrixTest::find_what_was_swallowed(uint64_t nth, Swallowed& sum) {
  Bench bench(clock_);
  Said said;
  const std::string image = bench.dir.path() + "/cut";
  {
    auto opened = RocksStore::open(bench.options);
    ASSERT_TRUE(opened) << opened.error().what;
    bench.fs->fail(nth, Fault::silent_short, false);
    work(**opened, said);
    met_ = met_ || !bench.fs->met().empty();
    bench.fs->leave(bench.options.path, image);
  }
  SCOPED_TRACE("met: " + bench.fs->met());
  RocksStoreOptions options;
  options.path = image;
  options.clock = &clock_;
  options.memory_octets = 16 << 20;
  options.env = quick_.get();
  const auto store = RocksStore::open(options);
  ASSERT_TRUE(store) << store.error().what;
  // Reading meets what opening did not, and has the spool made anew: that takes a write, here one of nothing.
  (void)(*store)->verify_custody();
  (void)commit(**store, {});
  uint64_t gone = 0;
  uint64_t last_gone = 0;
  for (const uint64_t n : said.accepted) {
    if (is_whole(**store, n, said)) continue;
    ++gone;
    last_gone = n;
  }
  const auto report = (*store)->verify_custody();
  ASSERT_TRUE(report) << report.error().what;
  const bool named = !(*store)->stats().files_set_aside.empty() || !report->faults.empty();
  // What stood last in the log looks as if the power had cut it off: that alone can't be told.
  if (gone > 0 && last_gone + 2 < kMessages) {
    EXPECT_TRUE(named) << gone << " messages are not what they were, and nothing says so";
  }
  // Never another's body, and never half of one taken for whole.
  const auto all = (*store)->list({}, kStart, std::nullopt, 1000);
  ASSERT_TRUE(all) << all.error().what;
  for (const Listed& row : all->rows) {
    const uint64_t n = row.message.id.value - id_at(0).value;
    for (const auto& [number, which] : {std::pair(0U, 'x'), std::pair(1U, 'y')}) {
      const auto chunk = (*store)->chunk(id_at(n), number);
      if (chunk) {
        EXPECT_EQ(chunk->view(), part_of(n, which));
      }
    }
  }
  EXPECT_TRUE(accept(**store, message(id_at(5000), {"c@example.net"})));
  EXPECT_TRUE(apply(**store, change({id_at(5000), 0}, recipient("c@example.net"), State::delivered)));
  sum.messages += said.accepted.size();
  sum.gone += gone;
  sum.named += named ? 1 : 0;
}

// A disk that takes half of a write and says that all is well: nobody can keep what it swallowed, but it is
// found, named, and does not stop the rest.
TEST_F(RocksDiskMatrixTest, a_write_that_is_silently_cut_short_is_named) {
  Swallowed sum;
  at_every_place([&](uint64_t nth, const Way& way) {
    if (&way == &kWays.at((nth / step()) % kWays.size())) find_what_was_swallowed(nth, sum);
  });
  fmt::print("of {} messages {} were harmed; named in {} cases\n", sum.messages, sum.gone, sum.named);
  EXPECT_GT(sum.named, 0u);
}

// A commit is refused because its sync fails; its octets are in the log. The power goes at every step of what
// the next write does first, which takes the families to files one after the other: the refused message is
// not there, nor any part of it.
TEST_F(RocksDiskMatrixTest, a_power_cut_while_a_new_log_begins_brings_no_part_of_a_refused_message) {
  const uint64_t step = every_fault() ? 1 : 9;
  uint64_t nth = 1;
  for (bool cut = true; cut && !HasFatalFailure(); nth += step) {
    SCOPED_TRACE(fmt::format("before operation {}", nth));
    Bench bench(clock_);
    bench.options.log_octets_max = 1 << 20;  // nothing flushes by itself
    auto opened = RocksStore::open(bench.options);
    ASSERT_TRUE(opened) << opened.error().what;
    Store& store = **opened;
    Said said;
    for (uint64_t n = 1; n <= 3; ++n) take_in(store, n, said);
    deliver(store, {id_at(1), 0}, 1, said);
    bench.fs->fail(2, Fault::io, false);
    EXPECT_FALSE(accept(store, sample(4, false)));
    EXPECT_TRUE(bench.fs->met().starts_with("sync ") && bench.fs->met().ends_with(".log")) << bench.fs->met();
    const std::string image = bench.dir.path() + "/cut";
    bench.fs->leave_before(nth, bench.options.path, image);
    EXPECT_TRUE(accept(store, sample(5, false)));
    cut = std::filesystem::exists(image);
    bench.fs->leave(bench.options.path, bench.dir.path() + "/after");
    for (const std::string& path : {cut ? image : std::string(), bench.dir.path() + "/after"}) {
      if (path.empty()) continue;
      RocksStoreOptions options;
      options.path = path;
      options.clock = &clock_;
      options.memory_octets = 16 << 20;
      options.env = quick_.get();
      const auto left = RocksStore::open(options);
      ASSERT_TRUE(left) << left.error().what;
      expect_kept(**left, said);
      EXPECT_FALSE(*(*left)->message(id_at(4)));
      EXPECT_TRUE((*left)->recipients(id_at(4))->empty());
      EXPECT_TRUE((*left)->events(id_at(4))->empty());
    }
  }
  fmt::print("{} operations\n", nth - step);
  EXPECT_GT(nth, 40u);
}

}  // namespace
}  // namespace waybill::queue
