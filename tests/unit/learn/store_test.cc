#include "learn/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace waybill::learn {
namespace {
using std::chrono::hours;

class LearnTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::path(::testing::TempDir()) / fmt::format("learn-{}-{}", info->name(), ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "learnt.db").string(); }
  std::unique_ptr<Store> open() {
    auto store = Store::open(path(), clock_);
    EXPECT_TRUE(store) << store.error().what;
    return store ? std::move(*store) : nullptr;
  }
  size_t set_aside() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      count += entry.path().filename().string().starts_with("learnt.db.damaged-") ? 1 : 0;
    return count;
  }
  Time in(Millis later) const { return clock_.now() + later; }

  ManualClock clock_;
  std::filesystem::path folder_;
};

TEST_F(LearnTest, what_is_learnt_outlives_a_restart) {
  {
    auto store = open();
    Table& table = store->table("recipients", 100);
    EXPECT_TRUE(table.put("ann@example.org", "yes", in(hours{1})));
    EXPECT_TRUE(table.put("bob@example.org", "no", in(hours{1})));
    EXPECT_TRUE(table.put(std::string("nul\0key", 7), std::string("v\0\xff", 3), in(hours{1})));
    EXPECT_TRUE(table.put("empty", "", in(hours{1})));
    ASSERT_TRUE(store->flush());
    EXPECT_TRUE(table.erase("bob@example.org"));
    EXPECT_FALSE(table.erase("bob@example.org"));
    (void)store->table("other", 100).put("ann@example.org", "another", in(hours{1}));
  }
  auto store = open();
  Table& table = store->table("recipients", 100);
  EXPECT_EQ(table.find("ann@example.org", clock_.now()), "yes");
  EXPECT_EQ(table.find("bob@example.org", clock_.now()), std::nullopt);
  EXPECT_EQ(table.find(std::string("nul\0key", 7), clock_.now()), std::string("v\0\xff", 3));
  EXPECT_EQ(table.find("empty", clock_.now()), "");
  EXPECT_EQ(store->table("other", 100).find("ann@example.org", clock_.now()), "another");
  EXPECT_EQ(table.size(), 3U);
}

TEST_F(LearnTest, everything_has_an_end) {
  {
    auto store = open();
    Table& table = store->table("t", 100);
    (void)table.put("soon", "1", in(Seconds{10}));
    (void)table.put("late", "2", in(hours{10}));
    clock_.advance(Seconds{10});
    EXPECT_EQ(table.find("soon", clock_.now()), std::nullopt);
    EXPECT_EQ(table.find("late", clock_.now()), "2");
    ASSERT_TRUE(store->flush());
    EXPECT_EQ(table.size(), 1U);  // swept out
    (void)table.put("between", "3", in(Seconds{10}));
  }
  clock_.advance(hours{1});
  auto store = open();
  EXPECT_EQ(store->table("t", 100).size(), 1U);
}

TEST_F(LearnTest, a_full_table_lets_go_of_what_would_end_first) {
  auto store = open();
  Table& table = store->table("t", 3);
  (void)table.put("b", "", in(hours{2}));
  (void)table.put("a", "", in(hours{1}));
  (void)table.put("c", "", in(hours{3}));
  (void)table.put("a", "", in(hours{4}));  // learnt anew: the last to end now
  (void)table.put("d", "", in(hours{5}));
  EXPECT_EQ(table.size(), 3U);
  EXPECT_FALSE(table.find("b", clock_.now()));
  EXPECT_TRUE(table.find("a", clock_.now()));
  store.reset();
  store = open();
  EXPECT_EQ(store->table("t", 2).size(), 2U);  // a smaller table keeps what ends last
  EXPECT_FALSE(store->table("t", 2).find("c", clock_.now()));
}

TEST_F(LearnTest, limits_and_updates) {
  auto store = Store::in_memory(clock_);
  Table& table = store->table("t", 10);
  EXPECT_FALSE(table.put(std::string(kKeyOctetsMax + 1, 'k'), "", in(hours{1})));
  EXPECT_FALSE(table.put("k", std::string(kValueOctetsMax + 1, 'v'), in(hours{1})));
  EXPECT_EQ(table.size(), 0U);
  const auto add = [&](std::optional<Entry> known) -> std::optional<Entry> {
    return Entry{(known ? known->value : "") + "x", in(hours{1})};
  };
  table.update("k", clock_.now(), add);
  table.update("k", clock_.now(), add);
  EXPECT_EQ(table.find("k", clock_.now()), "xx");
  clock_.advance(hours{1});
  table.update("k", clock_.now(), add);  // what ended is not known
  EXPECT_EQ(table.find("k", clock_.now()), "x");
  table.update("k", clock_.now(), [](auto) { return std::nullopt; });
  EXPECT_EQ(table.size(), 0U);
  std::set<std::string> seen;
  (void)table.put("a", "1", in(hours{1}));
  (void)table.put("b", "2", in(hours{1}));
  table.for_each(clock_.now(), [&](const std::string& key, const Entry& entry) {
    seen.insert(key + entry.value);
    table.erase(key);
  });
  EXPECT_EQ(seen, (std::set<std::string>{"a1", "b2"}));
  EXPECT_TRUE(store->flush());
}

TEST_F(LearnTest, a_damaged_file_is_put_aside_and_a_new_one_begun) {
  for (const bool whole : {false, true}) {
    {
      auto store = open();
      for (int i = 0; i < 500; ++i)
        (void)store->table("t", 1000).put(fmt::format("k{}", i), "v", in(hours{1}));
    }
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    if (whole) {
      file << std::string(4096, 'x');
    } else {
      file.seekp(0);
      file << "no database";
    }
    file.close();
    auto store = open();
    ASSERT_TRUE(store);
    EXPECT_EQ(store->table("t", 1000).size(), 0U);
    EXPECT_TRUE(store->table("t", 1000).put("k", "v", in(hours{1})));
    EXPECT_TRUE(store->flush());
    clock_.advance(Seconds{1});  // the name that it is put aside under
  }
  EXPECT_GE(set_aside(), 2U);
}

TEST_F(LearnTest, damage_found_while_writing_costs_nothing_that_memory_holds) {
  {
    auto store = open();
    Table& table = store->table("t", 5000);
    for (int i = 0; i < 2000; ++i)
      (void)table.put(fmt::format("key{}", i), std::string(100, 'v'), in(hours{1}));
  }
  auto store = open();
  Table& table = store->table("t", 5000);
  ASSERT_EQ(table.size(), 2000U);
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);  // all but the first page
    const auto size = std::filesystem::file_size(path());
    file << std::string(size - 4096, '\xff');
  }
  bool refused = false;  // SQLite may hold pages that it read before
  for (int round = 0; round < 50 && !refused; ++round) {
    for (int i = 0; i < 2000; ++i)
      (void)table.put(fmt::format("key{}", i), std::string(100, 'w'), in(hours{2}));
    refused = !store->flush();
    clock_.advance(Seconds{1});
  }
  ASSERT_TRUE(refused);
  EXPECT_TRUE(store->flush());
  EXPECT_EQ(set_aside(), 1U);
  store.reset();
  store = open();
  EXPECT_EQ(store->table("t", 5000).size(), 2000U);
  EXPECT_EQ(store->table("t", 5000).find("key7", clock_.now()), std::string(100, 'w'));
}

TEST_F(LearnTest, the_file_is_ours_alone) {
  auto store = open();
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(LearnTest, a_folder_that_is_not_there_is_an_error) {
  const auto store = Store::open((folder_ / "none" / "learnt.db").string(), clock_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::not_found);
}

TEST_F(LearnTest, a_link_in_the_place_of_the_file_is_not_followed) {
  std::ofstream(folder_ / "victim") << "precious";
  std::filesystem::create_symlink(folder_ / "victim", path());
  EXPECT_FALSE(Store::open(path(), clock_));
  std::ifstream victim(folder_ / "victim");
  std::string text;
  victim >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(LearnTest, threads_that_learn_of_one_key_lose_nothing_of_each_other) {
  auto store = open();
  Table& table = store->table("t", 100);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        table.update("counter", clock_.now(), [&](std::optional<Entry> known) -> std::optional<Entry> {
          return Entry{std::to_string((known ? std::stoi(known->value) : 0) + 1), in(hours{1})};
        });
        if (i % 100 == 0) {
          EXPECT_TRUE(store->flush());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table.find("counter", clock_.now()), "2000");
  store.reset();
  EXPECT_EQ(open()->table("t", 100).find("counter", clock_.now()), "2000");
}
}  // namespace
}  // namespace waybill::learn
