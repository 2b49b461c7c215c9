#include "base/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace waybill {
namespace {

/// Two halves that belong together: a reader must never see those of different values.
struct Pair {
  int first = 0;
  int second = 0;
};

// Under ThreadSanitizer this is the test of its synchronisation, too.
TEST(Published, readers_see_one_whole_value_while_it_is_replaced) {
  constexpr int kValues = 2000;
  Published<const Pair> published(std::make_shared<const Pair>());
  std::atomic<bool> ended{false};
  std::vector<std::thread> readers;
  std::atomic<int> torn{0};
  std::atomic<int> backwards{0};
  for (int n = 0; n < 3; ++n) {
    readers.emplace_back([&] {
      int last = 0;
      while (!ended.load()) {
        const auto seen = published.load();
        torn += seen->first == seen->second ? 0 : 1;
        backwards += seen->first >= last ? 0 : 1;
        last = seen->first;
      }
    });
  }
  for (int n = 1; n <= kValues; ++n) published.store(std::make_shared<const Pair>(Pair{n, n}));
  ended = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(backwards, 0);
  EXPECT_EQ(published.load()->first, kValues);
}

TEST(Published, exchange_returns_what_was_in_force_and_lets_go_of_it) {
  auto first = std::make_shared<const Pair>(Pair{1, 1});
  Published<const Pair> published(first);
  const auto old = published.exchange(nullptr);
  EXPECT_EQ(old, first);
  EXPECT_EQ(first.use_count(), 2) << "ours and what exchange() returned";
  EXPECT_EQ(published.load(), nullptr);
}

}  // namespace
}  // namespace waybill
