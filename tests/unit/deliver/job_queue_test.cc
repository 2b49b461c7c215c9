// Who takes which waiting job: own host's first, nobody idle beside work, nothing left behind.
#include <gtest/gtest.h>

#include "deliver/connection.h"
#include "support/delivery_kit.h"

namespace waybill::deliver {
namespace {
constexpr Steady kStart{Millis{1'000'000}};

class JobQueueTest : public testing::Test {
 protected:
  std::shared_ptr<Connection> connection(const std::string& host, size_t tier = 0) {
    ConnectionPlan plan;
    plan.id = ++ids_;
    plan.host = host;
    plan.tier = tier;
    plan.peer = {{IpAddress::v4({192, 0, 2, static_cast<uint8_t>(host.back())}), 25}, {}};
    return std::make_shared<Connection>(loop_, std::move(plan));
  }
  static JobPtr job(uint64_t id, const std::string& wish, Millis after = Millis{0}) {
    auto out = std::make_unique<Job>();
    out->delivery = test::make_delivery({"user@dest.test"}, "x", id);
    out->wish = wish;
    out->queued_at = kStart + after;
    return out;
  }
  void put(JobPtr job) { EXPECT_EQ(queue_.push(std::move(job), JobQueue::Wake::any), nullptr); }
  /// The id of the job that it takes; 0: it rests.
  uint64_t take(const std::shared_ptr<Connection>& connection) {
    const JobPtr job = queue_.take_or_rest(connection);
    return job ? job->delivery->id.value : 0;
  }

  net::Loop loop_;
  uint64_t ids_ = 0;
  JobQueue queue_;
};

TEST_F(JobQueueTest, a_connection_takes_from_its_own_lane_first) {
  const auto a = connection("a");
  const auto b = connection("b");
  EXPECT_EQ(take(b), 0U);
  ASSERT_EQ(queue_.push(job(9, "b"), JobQueue::Wake::any), b);
  EXPECT_EQ(take(b), 9U);  // b is busy, and its lane is served
  put(job(1, "b"));
  put(job(2, "a", Millis{10}));
  EXPECT_EQ(take(a), 2U);
  EXPECT_EQ(take(a), 1U);  // rather than rest
  EXPECT_EQ(take(a), 0U);
}

TEST_F(JobQueueTest, a_job_that_waited_long_goes_first_to_anyone) {
  const auto a = connection("a");
  const auto b = connection("b");
  EXPECT_EQ(take(b), 0U);
  ASSERT_EQ(queue_.push(job(9, "b"), JobQueue::Wake::any), b);
  EXPECT_EQ(take(b), 9U);
  put(job(1, "b"));
  put(job(2, "a", Millis{2'500}));
  EXPECT_EQ(take(a), 1U);
}

TEST_F(JobQueueTest, a_lane_that_nobody_serves_is_taken_in_turn) {
  put(job(1, "c"));
  put(job(2, "a", Millis{1}));
  put(job(3, "", Millis{2}));
  const auto a = connection("a");
  EXPECT_EQ(take(a), 1U);
  EXPECT_EQ(take(a), 2U);
  EXPECT_EQ(take(a), 3U);
}

TEST_F(JobQueueTest, a_job_is_left_to_the_connection_that_is_coming_for_it) {
  const auto a = connection("a");
  const auto b = connection("b");
  EXPECT_EQ(take(a), 0U);
  queue_.expect(*b);
  EXPECT_EQ(queue_.push(job(1, "b"), JobQueue::Wake::wished), nullptr);
  EXPECT_EQ(queue_.unattended(), 0U);
  EXPECT_EQ(queue_.match(), nullptr);
  EXPECT_TRUE(queue_.forget(a.get()));
  EXPECT_EQ(take(a), 0U);
  // One is owed; a second is anybody's.
  EXPECT_EQ(queue_.push(job(2, "b"), JobQueue::Wake::any), a);
  EXPECT_EQ(take(a), 1U);
  EXPECT_EQ(take(a), 0U);
  // It does not come after all.
  queue_.gone(*b);
  EXPECT_EQ(queue_.unattended(), 1U);
  EXPECT_EQ(queue_.match(), a);
  EXPECT_EQ(queue_.match(), nullptr);
  EXPECT_EQ(take(a), 2U);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(JobQueueTest, the_wished_host_is_woken_else_the_best_tier) {
  const auto worse = connection("w", 1);
  const auto a = connection("a");
  const auto b = connection("b");
  for (const auto& one : {a, b, worse}) EXPECT_EQ(take(one), 0U);
  EXPECT_EQ(queue_.best_idle_tier(), 0U);
  EXPECT_TRUE(queue_.has_idle("b"));
  EXPECT_EQ(queue_.push(job(1, "b"), JobQueue::Wake::wished), b);
  EXPECT_FALSE(queue_.has_idle("b"));
  EXPECT_EQ(queue_.push(job(2, "c"), JobQueue::Wake::wished), nullptr);
  EXPECT_EQ(queue_.push(job(3, "c"), JobQueue::Wake::any), a);
}

TEST_F(JobQueueTest, a_job_that_failed_elsewhere_goes_first_but_never_back) {
  const auto a = connection("a");
  const auto b = connection("b");
  put(job(1, "a"));
  auto failed = job(2, "", Millis{100});
  failed->tried.push_back(a->peer());
  EXPECT_EQ(queue_.push_front(std::move(failed)), nullptr);
  EXPECT_EQ(queue_.first_tried(), std::vector<Peer>{a->peer()});
  EXPECT_EQ(queue_.take_exhausted({a->peer(), b->peer()}), nullptr);
  EXPECT_EQ(take(a), 1U);
  EXPECT_EQ(take(a), 0U);
  EXPECT_EQ(queue_.match(), nullptr);
  EXPECT_EQ(take(b), 2U);
}

TEST_F(JobQueueTest, draining_takes_every_lane) {
  put(job(1, "a"));
  put(job(2, "b"));
  put(job(3, ""));
  EXPECT_EQ(queue_.drain().size(), 3U);
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_EQ(queue_.unattended(), 0U);
}
}  // namespace
}  // namespace waybill::deliver
