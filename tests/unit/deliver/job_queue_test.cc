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
  uint64_t take(const std::shared_ptr<Connection>& connection, Millis after = Millis{0}) {
    const JobQueue::Taken taken = queue_.take_or_rest(connection, kStart + after);
    look_again_ = taken.look_again;
    return taken.job ? taken.job->delivery->id.value : 0;
  }

  net::Loop loop_;
  uint64_t ids_ = 0;
  std::optional<Steady> look_again_;
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
  // b will come to its own; only when that takes a moment does a help out rather than rest.
  EXPECT_EQ(take(a, Millis{20}), 0U);
  EXPECT_EQ(look_again_, kStart + Millis{250});
  EXPECT_TRUE(queue_.forget(a.get()));
  EXPECT_EQ(take(a, Millis{250}), 1U);
  EXPECT_EQ(take(a, Millis{250}), 0U);
  EXPECT_EQ(look_again_, std::nullopt);
}

TEST_F(JobQueueTest, one_that_watches_is_woken_only_for_what_it_may_take) {
  const auto a = connection("a");
  const auto b = connection("b");
  EXPECT_EQ(take(b), 0U);
  ASSERT_EQ(queue_.push(job(1, "b"), JobQueue::Wake::any), b);
  EXPECT_EQ(take(b), 1U);
  EXPECT_EQ(take(a), 0U);
  // Nobody watches yet: a is told, finds it too young, and watches.
  ASSERT_EQ(queue_.push(job(2, "b"), JobQueue::Wake::any), a);
  EXPECT_EQ(take(a), 0U);
  EXPECT_TRUE(look_again_.has_value());
  put(job(3, "b"));
  EXPECT_EQ(queue_.match(), nullptr);
  // Its own, and what came back from another host, at once.
  ASSERT_EQ(queue_.push(job(4, "a"), JobQueue::Wake::any), a);
  EXPECT_EQ(take(a), 4U);
  EXPECT_EQ(take(a), 0U);
  ASSERT_EQ(queue_.push_front(job(5, "")), a);
  EXPECT_EQ(take(a), 5U);
  EXPECT_EQ(take(a), 0U);
  // When b leaves, its lane is anybody's.
  queue_.gone(*b);
  ASSERT_EQ(queue_.match(), a);
  EXPECT_EQ(take(a), 2U);
}

TEST_F(JobQueueTest, a_lane_whose_connection_is_on_its_way_is_left_to_it) {
  const auto a = connection("a");
  const auto b = connection("b");
  queue_.expect(*b);
  for (uint64_t id = 1; id <= 3; ++id) EXPECT_EQ(queue_.push(job(id, "b"), JobQueue::Wake::any), nullptr);
  EXPECT_EQ(take(a), 0U);
  EXPECT_TRUE(look_again_.has_value());
  queue_.give_up_on(*b);
  ASSERT_EQ(queue_.match(), a);
  EXPECT_EQ(take(a), 1U);
}

TEST_F(JobQueueTest, a_queue_that_shuts_lets_its_connections_go) {
  const auto queue = std::make_shared<JobQueue>();
  ConnectionPlan plan;
  plan.jobs = queue;
  auto idle = std::make_shared<Connection>(loop_, std::move(plan));
  const std::weak_ptr<Connection> watched = idle;
  EXPECT_EQ(queue->take_or_rest(idle, kStart).job, nullptr);
  idle.reset();
  EXPECT_FALSE(watched.expired());
  queue->shut();
  EXPECT_TRUE(watched.expired());
}

TEST(Reports, those_that_nobody_will_take_let_their_connections_go) {
  net::Loop never_run;
  const auto reports = std::make_shared<Reports>(never_run, [](std::vector<Report>) {});
  ConnectionPlan plan;
  plan.reports = reports;
  auto connection = std::make_shared<Connection>(never_run, std::move(plan));
  const std::weak_ptr<Connection> watched = connection;
  Report report;
  report.connection = std::move(connection);
  reports->post(std::move(report));
  EXPECT_FALSE(watched.expired());
  reports->shut();
  EXPECT_TRUE(watched.expired());
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
  // One is owed; a second is anybody's once it has waited.
  EXPECT_EQ(queue_.push(job(2, "b"), JobQueue::Wake::any), a);
  EXPECT_EQ(take(a, Millis{250}), 1U);
  EXPECT_EQ(take(a, Millis{250}), 0U);
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
