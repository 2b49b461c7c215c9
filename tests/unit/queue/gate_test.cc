#include "queue/rocks_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace waybill::queue::rocks {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLong{60'000};  // ends by what happens, not by time

TEST(Gate, closes_when_nobody_is_inside) {
  Gate gate;
  {
    const auto pass = gate.enter();
  }
  EXPECT_EQ(Gate::held_here(), 0);
  EXPECT_TRUE(gate.close(milliseconds{0}));
  EXPECT_TRUE(gate.closing());
  gate.open();
  EXPECT_FALSE(gate.closing());
  const auto pass = gate.enter();
  EXPECT_EQ(Gate::held_here(), 1);
}

TEST(Gate, gives_up_while_one_stays_inside_and_lets_others_in_again) {
  Gate gate;
  std::atomic<int> step = 0;
  std::thread reader([&] {
    const auto pass = gate.enter();
    step = 1;
    step.notify_one();
    step.wait(1);
  });
  step.wait(0);
  EXPECT_FALSE(gate.close(milliseconds{1}));
  EXPECT_FALSE(gate.closing());
  {
    const auto pass = gate.enter();
  }
  step = 2;
  step.notify_one();
  reader.join();
  EXPECT_TRUE(gate.close(milliseconds{0}));
}

TEST(Gate, who_is_inside_comes_in_again_while_it_is_being_closed) {
  Gate gate;
  std::atomic<bool> inside = false;
  std::thread reader([&] {
    const auto outer = gate.enter();
    inside = true;
    inside.notify_one();
    while (!gate.closing()) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) const auto again = gate.enter();
    EXPECT_EQ(Gate::held_here(), 1);
  });
  inside.wait(false);
  EXPECT_TRUE(gate.close(kLong)) << "the reader got out";
  reader.join();
}

TEST(Gate, a_passes_move_leaves_once) {
  Gate gate;
  auto first = gate.enter();
  auto second = std::move(first);
  first = gate.enter();
  EXPECT_EQ(Gate::held_here(), 2);
  first = std::move(second);
  EXPECT_EQ(Gate::held_here(), 1);
  first = {};
  EXPECT_TRUE(gate.close(milliseconds{0}));
}

TEST(Gate, nobody_is_inside_while_it_is_closed) {
  Gate gate;
  std::atomic<bool> enough = false;
  std::atomic<int> inside = 0;
  std::atomic<uint64_t> entered = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!enough) {
        const auto pass = gate.enter();
        ++inside;
        const auto nested = gate.enter();
        ++entered;
        --inside;
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    const uint64_t before = entered;
    ASSERT_TRUE(gate.close(kLong));
    EXPECT_EQ(inside, 0);
    gate.open();
    while (entered == before) std::this_thread::yield();
  }
  enough = true;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace waybill::queue::rocks
