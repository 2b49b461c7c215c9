// The log is written into zeros that stand there already, and what a crash leaves of them disturbs nobody.
#include "queue/rocks_log_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "queue/rocks_store.h"
#include "support/fault_fs.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;
namespace fs = std::filesystem;

TEST(WithoutZeros, keeps_what_is_there_and_every_whole_record) {
  using rocks::without_zeros;
  EXPECT_EQ(without_zeros("", 0), 0u);
  EXPECT_EQ(without_zeros(std::string(100, '\0'), 0), 0u);
  EXPECT_EQ(without_zeros(std::string("abc") + std::string(100, '\0'), 3), 3u);
  EXPECT_EQ(without_zeros(std::string("abc") + std::string(100, '\0'), 0), 3u) << "a record cut short";
  EXPECT_EQ(without_zeros(std::string("abc") + std::string(100, '\0'), 10), 10u) << "one that ends in zeros";
  EXPECT_EQ(without_zeros("abc", 3), 3u);
  EXPECT_EQ(without_zeros("abc", 99), 3u);
}

class LogAheadTest : public ::testing::Test {
 protected:
  std::unique_ptr<RocksStore> open(const std::string& path) {
    RocksStoreOptions options;
    options.path = path;
    options.clock = &clock_;
    options.memory_octets = 16 << 20;
    options.env = env_.get();
    auto opened = RocksStore::open(std::move(options));
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? std::move(*opened) : nullptr;
  }
  /// The newest log of a spool.
  static fs::path log_of(const std::string& spool) {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(spool)) {
      if (entry.path().extension() == ".log" && (newest.empty() || entry.path() > newest))
        newest = entry.path();
    }
    return newest;
  }
  static std::string octets_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// The spool as it stands on the disk at this moment: what SIGKILL would leave.
  std::string copy_of_spool() {
    const std::string copy = dir_.path() + "/copy";
    fs::remove_all(copy);
    fs::copy(dir_.spool(), copy, fs::copy_options::recursive);
    return copy;
  }
  static std::string body_of(size_t octets) {
    return "Subject: x\r\n\r\n" + std::string(octets, 'b') + "\r\n";
  }

  TempDir dir_;
  ManualClock clock_{kStart};
  std::shared_ptr<FaultFs> fs_ = std::make_shared<FaultFs>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(fs_);
};

TEST_F(LogAheadTest, the_log_stands_in_zeros_while_it_grows_and_ends_at_its_end) {
  auto store = open(dir_.spool());
  ASSERT_TRUE(accept(*store, message(id_at(1), {"a@example.net"}, body_of(4000))));
  const auto log = log_of(dir_.spool());
  const auto size = fs::file_size(log);
  EXPECT_GE(size, rocks::kLogAheadOctets);
  for (uint64_t n = 2; n < 50; ++n)
    ASSERT_TRUE(accept(*store, message(id_at(n), {"a@example.net"}, body_of(4000))));
  EXPECT_EQ(fs::file_size(log), size) << "no write makes the file grow";
  const std::string octets = octets_of(log);
  const size_t end = octets.find_last_not_of('\0') + 1;
  EXPECT_GT(end, 49u * 4000u);
  EXPECT_LT(end, 49u * 6000u);

  // More than is prepared at a time, in one write.
  ASSERT_TRUE(store->put_chunk(id_at(90), 0, Chunk(std::string(200'000, 'c'))));
  Transaction many;
  for (uint64_t n = 100; n < 1000; ++n)
    many.messages.push_back(message(id_at(n), {"a@example.net"}, body_of(4000)));
  ASSERT_TRUE(commit(*store, std::move(many)));
  ASSERT_TRUE(accept(*store, message(id_at(1000), {"a@example.net"}, body_of(4000))));
  const std::string copy = copy_of_spool();
  store.reset();
  auto again = open(copy);
  EXPECT_EQ(again->stats().messages, 49u + 900u + 1u);
  EXPECT_EQ(again->stats().files_set_aside, "");
}

TEST_F(LogAheadTest, zeros_behind_the_last_record_are_cut_off_at_opening) {
  auto store = open(dir_.spool());
  for (uint64_t n = 1; n <= 20; ++n)
    ASSERT_TRUE(accept(*store, message(id_at(n), {"a@example.net"}, body_of(9000))));
  const std::string copy = copy_of_spool();
  store.reset();
  for (int i = 0; i < 2; ++i) {
    auto again = open(copy);
    EXPECT_EQ(again->stats().messages, 20u);
    EXPECT_EQ(again->stats().files_set_aside, "") << "zeros are no damage";
    EXPECT_EQ(again->chunk(id_at(20), 0)->view(), body_of(9000));
    const auto report = again->verify_custody();
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->faults.empty());
  }
}

// A batch over several of the log's blocks that the power cut caught: some of its octets stand, then zeros.
TEST_F(LogAheadTest, a_record_cut_short_before_zeros_is_a_torn_tail_and_no_damage) {
  auto store = open(dir_.spool());
  ASSERT_TRUE(accept(*store, message(id_at(1), {"a@example.net"}, body_of(4000))));
  const size_t before = octets_of(log_of(dir_.spool())).find_last_not_of('\0') + 1;
  ASSERT_TRUE(accept(*store, message(id_at(2), {"a@example.net"}, body_of(200'000))));
  const std::string copy = copy_of_spool();
  store.reset();
  const auto log = log_of(copy);
  const std::string whole = octets_of(log);
  for (const size_t kept : {before + 3, before + 7, before + 5000, before + 40'000, before + 150'000}) {
    std::string torn = whole;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(kept), torn.end(), '\0');
    std::ofstream(log, std::ios::binary) << torn;
    const std::string place = dir_.path() + "/torn";
    fs::remove_all(place);
    fs::copy(copy, place, fs::copy_options::recursive);
    auto again = open(place);
    EXPECT_EQ(again->stats().messages, 1u) << kept;
    EXPECT_EQ(again->stats().files_set_aside, "") << kept;
    EXPECT_TRUE(accept(*again, message(id_at(2), {"a@example.net"}))) << "it was never answered";
  }
}

// -- commits that nobody waits for --------------------------------------------------------------------------

Status finish_soon(Store& store, RecipientKey key) {
  Transaction transaction;
  transaction.urgency = Urgency::soon;
  transaction.changes.push_back(change(key, recipient("a@example.net"), State::delivered));
  return commit(store, std::move(transaction));
}

TEST_F(LogAheadTest, what_is_answered_soon_survives_a_power_cut) {
  auto store = open(dir_.spool());
  ASSERT_TRUE(accept(*store, message(id_at(1), {"a@example.net"})));
  ASSERT_TRUE(accept(*store, message(id_at(2), {"a@example.net"})));
  ASSERT_TRUE(finish_soon(*store, {id_at(1), 0}));
  fs_->set(FaultFs::Fault::power);
  store.reset();
  fs_->drop_unsynced();
  fs_->set(FaultFs::Fault::none);
  auto again = open(dir_.spool());
  EXPECT_EQ(again->stats().messages, 1u);
  EXPECT_FALSE(*again->message(id_at(1)));
  EXPECT_TRUE(*again->message(id_at(2)));
}

TEST_F(LogAheadTest, a_sync_that_fails_is_made_good_before_the_answer) {
  auto store = open(dir_.spool());
  ASSERT_TRUE(accept(*store, message(id_at(1), {"a@example.net"})));
  fs_->set(FaultFs::Fault::io, {.part = ".log", .only_syncs = true, .times = 1});
  ASSERT_TRUE(finish_soon(*store, {id_at(1), 0})) << "a new log holds it";
  fs_->set(FaultFs::Fault::power);
  store.reset();
  fs_->drop_unsynced();
  fs_->set(FaultFs::Fault::none);
  EXPECT_EQ(open(dir_.spool())->stats().messages, 0u);
}

TEST_F(LogAheadTest, one_that_is_urgent_brings_the_others_along_and_closing_leaves_none_unanswered) {
  auto store = open(dir_.spool());
  for (uint64_t n = 1; n <= 40; ++n) ASSERT_TRUE(accept(*store, message(id_at(n), {"a@example.net"})));
  std::atomic<int> answered{0};
  for (uint64_t n = 1; n <= 40; ++n) {
    Transaction transaction;
    transaction.urgency = n % 10 == 0 ? Urgency::now : Urgency::soon;
    transaction.changes.push_back(change({id_at(n), 0}, recipient("a@example.net"), State::delivered));
    store->commit(std::move(transaction), [&](const Status& status) {
      EXPECT_TRUE(status);
      ++answered;
    });
  }
  store.reset();
  EXPECT_EQ(answered, 40);
  EXPECT_EQ(open(dir_.spool())->stats().messages, 0u);
}

}  // namespace
}  // namespace waybill::queue
