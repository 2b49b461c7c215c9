// Flipped bytes in every kind of file of the spool: detected and named, the files set aside as they were, and
// whatever the damage did not take goes on. What it took is said, recipient for recipient; nothing comes back
// from the dead, and nothing is there that was not written.
//
// Positions are drawn; WAYBILL_DAMAGE_SEED repeats a run, WAYBILL_DAMAGE_ROUNDS makes it longer.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

#include "queue/rocks_store.h"
#include "support/fault_fs.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;
namespace fs = std::filesystem;

constexpr uint64_t kMessages = 120;

std::string body_of(uint64_t n) {
  std::mt19937_64 octets(n);
  std::string out = fmt::format("Subject: {}\r\n\r\n", n);
  // Some stand in the tables, some in blob files of their own.
  const size_t lines = n % 4 == 0 ? 3 : 60 + n % 40;
  for (size_t i = 0; i < lines; ++i) out += fmt::format("{:016x} {:016x}\r\n", octets(), octets());
  return out;
}

enum class Fate { open, half, delivered };
Fate fate_of(uint64_t n) { return n % 5 == 0 ? Fate::delivered : n % 5 == 1 ? Fate::half : Fate::open; }

class RocksDamageTest : public ::testing::Test {
 protected:
  RocksStoreOptions options(const std::string& path) const {
    RocksStoreOptions out;
    out.path = path;
    out.clock = &clock_;
    out.reserve_octets = 0;
    out.memory_octets = 16 << 20;
    out.env = env_.get();
    return out;
  }
  /// A spool with tables and blob files, a log with the last third, and ends that are in both.
  void SetUp() override {
    {
      auto store = RocksStore::open(options(made_.spool()));
      ASSERT_TRUE(store);
      for (uint64_t n = 1; n <= kMessages * 2 / 3; ++n) accept_one(**store, n);
      for (uint64_t n = 1; n <= kMessages / 3; ++n) end_one(**store, n);
    }
    auto store = RocksStore::open(options(made_.spool()));
    ASSERT_TRUE(store);
    for (uint64_t n = kMessages * 2 / 3 + 1; n <= kMessages; ++n) accept_one(**store, n);
    for (uint64_t n = kMessages / 3 + 1; n <= kMessages; ++n) end_one(**store, n);
    fs::copy(made_.spool(), image_.spool(), fs::copy_options::recursive);  // as kill -9 leaves it
    const auto report = (*store)->verify_custody();
    ASSERT_TRUE(report && report->faults.empty());
  }
  static void accept_one(Store& store, uint64_t n) {
    ASSERT_TRUE(accept(store, message(id_at(n), {"a@example.net", "b@example.com"}, body_of(n))));
  }
  static void end_one(Store& store, uint64_t n) {
    if (fate_of(n) == Fate::open) return;
    ASSERT_TRUE(apply(store, change({id_at(n), 0}, recipient("a@example.net"), State::delivered)));
    if (fate_of(n) == Fate::half) return;
    ASSERT_TRUE(apply(store, change({id_at(n), 1}, recipient("b@example.com"), State::delivered)));
  }

  std::vector<std::string> files(std::string_view part) const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(image_.spool())) {
      const std::string name = entry.path().filename().string();
      if (name.contains(part) && fs::file_size(entry.path()) > 0) out.push_back(name);
    }
    std::ranges::sort(out);
    return out;
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  static void overwrite(const std::string& path, std::string_view octets) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }

  struct Seen {
    uint64_t gone = 0, back = 0, bodies_gone = 0;
    bool kept = false;
    std::vector<std::string> faults;  ///< by custody verify
  };
  Seen look(Store& store) const;
  Seen open_and_look(const TempDir& dir) const;

  ManualClock clock_{kStart};
  // It fails nothing here; but it does not wait for the disk either.
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(std::make_shared<FaultFs>());
  TempDir made_, image_;
};

/// What must hold whatever was damaged; says what the damage took.
RocksDamageTest::Seen RocksDamageTest::look(Store& store) const {
  Seen out;
  uint64_t open = 0;
  for (uint64_t n = 1; n <= kMessages; ++n) {
    const auto all = store.recipients(id_at(n));
    EXPECT_TRUE(all) << all.error().what;
    if (!all) continue;
    const std::set<uint32_t> want = fate_of(n) == Fate::open   ? std::set<uint32_t>{0, 1}
                                    : fate_of(n) == Fate::half ? std::set<uint32_t>{1}
                                                               : std::set<uint32_t>{};
    uint64_t still = 0;
    for (const auto& [index, record] : *all) {
      ++(want.contains(index) ? still : out.back);
      EXPECT_EQ(record.recipient.address.to_string(), index == 0 ? "a@example.net" : "b@example.com");
    }
    open += all->size();
    out.gone += want.size() - still;
    if (all->empty()) continue;
    EXPECT_TRUE(*store.message(id_at(n)));
    const auto chunk = store.chunk(id_at(n), 0);
    if (chunk) {
      EXPECT_EQ(chunk->view(), body_of(n)) << n;
    } else {
      ++out.bodies_gone;
    }
  }
  const auto due = store.due(std::nullopt, kStart, 10'000);
  EXPECT_TRUE(due) << due.error().what;
  if (due) {
    EXPECT_EQ(due->size(), open);
  }
  EXPECT_EQ(store.stats().recipients_queued, open);
  const auto report = store.verify_custody();
  EXPECT_TRUE(report) << report.error().what;
  if (report) {
    out.faults = report->faults;
    EXPECT_EQ(report->open, open);
  }
  out.kept = !store.stats().files_set_aside.empty();
  return out;
}

RocksDamageTest::Seen RocksDamageTest::open_and_look(const TempDir& dir) const {
  auto store = RocksStore::open(options(dir.spool()));
  EXPECT_TRUE(store) << store.error().what;
  if (!store) return {};
  // Reading meets what opening did not, and has the spool made anew: that takes a write, here one of nothing.
  (void)(*store)->verify_custody();
  (void)commit(**store, {});
  const Seen seen = look(**store);
  // Life goes on.
  EXPECT_TRUE(accept(**store, message(id_at(5000), {"c@example.net"})));
  EXPECT_TRUE(apply(**store, change({id_at(5000), 0}, recipient("c@example.net"), State::delivered)));
  return seen;
}

TEST_F(RocksDamageTest, flipped_bytes_in_every_kind_of_file) {
  const char* given = std::getenv("WAYBILL_DAMAGE_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  const char* longer = std::getenv("WAYBILL_DAMAGE_ROUNDS");
  const int rounds = longer != nullptr ? std::atoi(longer) : 3;
  fmt::print("WAYBILL_DAMAGE_SEED={}\n", seed);
  std::mt19937_64 drawn(seed);
  for (const char* kind : {".sst", ".blob", ".log", "MANIFEST", "CURRENT", "OPTIONS", "IDENTITY"}) {
    const auto names = files(kind);
    ASSERT_FALSE(names.empty()) << kind;
    Seen sum;
    int kept = 0;
    for (int round = 0; round < rounds; ++round) {
      const std::string& name = names[drawn() % names.size()];
      const TempDir dir;
      fs::copy(image_.spool(), dir.spool(), fs::copy_options::recursive);
      std::string octets = read(dir.spool() + "/" + name);
      const size_t at = drawn() % octets.size();
      octets[at] = static_cast<char>(octets[at] ^ (1 + drawn() % 255));
      overwrite(dir.spool() + "/" + name, octets);
      SCOPED_TRACE(fmt::format("{} of {} octets, changed at {}", name, octets.size(), at));
      const Seen seen = open_and_look(dir);
      // Whatever is gone, the damaged file is kept as it was.
      EXPECT_TRUE(seen.kept || (seen.gone == 0 && seen.bodies_gone == 0 && seen.back == 0));
      // Only the log has a fate once; anywhere else the ledger or the recipient's own table remembers.
      EXPECT_TRUE(seen.back == 0 || name.ends_with(".log")) << seen.back << " had ended and are back";
      // A body that is gone is named; but for what a log alone knew, every recipient is accounted for.
      EXPECT_TRUE(seen.bodies_gone == 0 || !seen.faults.empty());
      for (const auto& fault : seen.faults) {
        EXPECT_TRUE(name.ends_with(".log") || fault.contains("chunk")) << fault;
      }
      if (seen.kept) {
        ++kept;
        bool found = false;
        for (const auto& entry : fs::recursive_directory_iterator(dir.path()))
          found = found || (entry.path().filename() == name && read(entry.path().string()) == octets);
        EXPECT_TRUE(found) << "not kept as it was";
      }
      sum.gone += seen.gone;
      sum.bodies_gone += seen.bodies_gone;
      sum.back += seen.back;
    }
    fmt::print(
        "{}: {} rounds, damage met in {}; of {} open recipients {} lost, {} bodies lost, {} ended ones "
        "back\n",
        kind, rounds, kept, static_cast<uint64_t>(rounds) * kMessages * 7 / 5, sum.gone, sum.bodies_gone,
        sum.back);
  }
}

// What RocksDB itself refuses to open, or would take for a new and empty folder.
TEST_F(RocksDamageTest, without_its_manifest_or_the_file_that_names_it_nothing_is_lost) {
  for (const char* part : {"CURRENT", "MANIFEST"}) {
    for (const bool missing : {true, false}) {
      const TempDir dir;
      fs::copy(image_.spool(), dir.spool(), fs::copy_options::recursive);
      for (const std::string& name : files(part)) {
        if (missing) {
          fs::remove(dir.spool() + "/" + name);
        } else {
          overwrite(dir.spool() + "/" + name, std::string(200, 'z'));
        }
      }
      SCOPED_TRACE(fmt::format("{} {}", part, missing ? "missing" : "overwritten"));
      const Seen seen = open_and_look(dir);
      EXPECT_EQ(seen.gone + seen.back + seen.bodies_gone, 0u);
      EXPECT_TRUE(seen.kept);
      EXPECT_TRUE(fs::exists(dir.path() + "/spool-set-aside-1"));
      // Once: the new one is whole.
      EXPECT_EQ(open_and_look(dir).kept, false);
      EXPECT_FALSE(fs::exists(dir.path() + "/spool-set-aside-2"));
    }
  }
}

TEST_F(RocksDamageTest, a_rebuilding_that_was_cut_short_is_ended_or_begun_again) {
  const TempDir dir;
  fs::copy(image_.spool(), dir.spool(), fs::copy_options::recursive);
  // Before the places changed: what is there is no spool yet.
  fs::create_directories(dir.path() + "/spool-rebuild");
  overwrite(dir.path() + "/spool-rebuild/000001.sst", "half a table");
  EXPECT_EQ(open_and_look(dir).gone, 0u);
  EXPECT_FALSE(fs::exists(dir.path() + "/spool-rebuild"));
  // Between the two renames.
  fs::rename(dir.spool(), dir.path() + "/spool-rebuild");
  overwrite(dir.path() + "/spool-rebuild/REBUILT", "from spool-set-aside-1");
  EXPECT_EQ(open_and_look(dir).gone, 0u);
  EXPECT_FALSE(fs::exists(dir.path() + "/spool-rebuild"));
}

TEST_F(RocksDamageTest, without_room_to_make_it_anew_it_says_so_and_changes_nothing) {
  const TempDir dir;
  fs::copy(image_.spool(), dir.spool(), fs::copy_options::recursive);
  overwrite(dir.spool() + "/CURRENT", "MANIFEST-99\n");
  const auto disk = std::make_shared<FaultFs>();
  const auto env = rocksdb::NewCompositeEnv(disk);
  RocksStoreOptions full = options(dir.spool());
  full.env = env.get();
  disk->set(FaultFs::Fault::no_space);
  const auto refused = RocksStore::open(full);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::no_space);
  EXPECT_THAT(refused.error().what, ::testing::HasSubstr("CURRENT"));
  EXPECT_EQ(read(dir.spool() + "/CURRENT"), "MANIFEST-99\n");
  EXPECT_EQ(std::ranges::distance(fs::directory_iterator(dir.path())), 1) << "nothing is left over";
  disk->set(FaultFs::Fault::none);
  const Seen seen = open_and_look(dir);
  EXPECT_EQ(seen.gone + seen.back + seen.bodies_gone, 0u);
}

TEST_F(RocksDamageTest, a_running_store_mends_itself) {
  const TempDir dir;
  fs::copy(image_.spool(), dir.spool(), fs::copy_options::recursive);
  auto store = RocksStore::open(options(dir.spool()));
  ASSERT_TRUE(store) << store.error().what;
  for (const auto& entry : fs::directory_iterator(dir.spool())) {
    if (entry.path().extension() != ".sst") continue;
    std::string octets = read(entry.path().string());
    octets[3] = static_cast<char>(octets[3] ^ 0x55);  // in the first block
    // In place: the store has the file open.
    std::fstream(entry.path(), std::ios::in | std::ios::out | std::ios::binary)
        .write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }
  (void)(*store)->verify_custody();
  ASSERT_TRUE(accept(**store, message(id_at(4000), {"c@example.net"})));
  EXPECT_EQ((*store)->stats().reopened, 1u);
  ASSERT_TRUE(apply(**store, change({id_at(4000), 0}, recipient("c@example.net"), State::delivered)));
  const Seen seen = look(**store);
  EXPECT_TRUE(seen.kept);
}

}  // namespace
}  // namespace waybill::queue
