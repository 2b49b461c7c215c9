#include "resolve/caching_resolver.h"

#include <gtest/gtest.h>

#include "support/dns_lab.h"

namespace waybill::resolve {
namespace {

using dns::Answer;
using dns::Kind;
using dns::Source;
using dns::Type;
using test::ask;
using test::name;

Answer present(uint32_t ttl_s) {
  return {.kind = Kind::present,
          .records = {{name("a.test"), Type::a, ttl_s, IpAddress::v4(1)}},
          .canonical = name("a.test"),
          .ttl_s = ttl_s};
}

struct Cache : testing::Test {
  explicit Cache(CacheOptions options = {})
      : fixed(new dns::FixedResolver), cache(std::unique_ptr<dns::Resolver>(fixed), clock, options) {}
  ManualClock clock;
  dns::FixedResolver* fixed;
  CachingResolver cache;
};

TEST_F(Cache, keeps_an_answer_for_its_ttl) {
  fixed->put({name("a.test"), Type::a}, present(300));
  EXPECT_EQ(ask(cache, "a.test", Type::a).source, Source::network);
  clock.advance(Seconds(100));
  const Answer again = ask(cache, "a.test", Type::a);
  EXPECT_EQ(again.source, Source::cache);
  EXPECT_EQ(again.ttl_s, 200U);
  EXPECT_EQ(again.records.at(0).ttl_s, 200U);
  clock.advance(Seconds(200));
  EXPECT_EQ(ask(cache, "a.test", Type::a).source, Source::network);
  EXPECT_EQ(fixed->asked().size(), 2U);
  EXPECT_EQ(cache.counts().hits, 1U);
}

TEST_F(Cache, a_jump_of_the_wall_clock_changes_nothing) {
  fixed->put({name("a.test"), Type::a}, present(300));
  (void)ask(cache, "a.test", Type::a);
  clock.jump(std::chrono::hours(1000));
  EXPECT_EQ(ask(cache, "a.test", Type::a).ttl_s, 300U);
}

TEST_F(Cache, rfc_039_absence_is_kept_as_long_as_its_soa_says_and_not_without) {
  fixed->put({name("nx.test"), Type::a}, {.kind = Kind::nxdomain, .canonical = name("nx.test"), .ttl_s = 60});
  fixed->put({name("nosoa.test"), Type::a},
             {.kind = Kind::nodata, .canonical = name("nosoa.test"), .ttl_s = 0});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask(cache, "nx.test", Type::a).kind, Kind::nxdomain);
  EXPECT_EQ(fixed->asked().size(), 1U);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask(cache, "nosoa.test", Type::a).kind, Kind::nodata);
  EXPECT_EQ(fixed->asked().size(), 3U);
  clock.advance(Seconds(60));
  (void)ask(cache, "nx.test", Type::a);
  EXPECT_EQ(fixed->asked().size(), 4U);
}

struct RudeCache : Cache {
  RudeCache() : Cache({.failure_ttl = Seconds(100'000)}) {}
};

TEST_F(Cache, rfc_040_a_failure_is_kept_for_a_moment) {
  fixed->put({name("f.test"), Type::mx}, Answer::failure("SERVFAIL"));
  EXPECT_EQ(ask(cache, "f.test", Type::mx).kind, Kind::failed);
  clock.advance(Millis(999));
  const Answer again = ask(cache, "f.test", Type::mx);
  EXPECT_EQ(again.kind, Kind::failed);
  EXPECT_EQ(again.why, "SERVFAIL");
  EXPECT_EQ(fixed->asked().size(), 1U) << "at least a second (RFC 9520 3.2)";
  clock.advance(Seconds(10));
  (void)ask(cache, "f.test", Type::mx);
  EXPECT_EQ(fixed->asked().size(), 2U);
}

TEST_F(RudeCache, rfc_040_a_failure_is_never_kept_over_five_minutes) {
  fixed->put({name("f.test"), Type::mx}, Answer::failure("SERVFAIL"));
  (void)ask(cache, "f.test", Type::mx);
  clock.advance(Seconds(300));
  (void)ask(cache, "f.test", Type::mx);
  EXPECT_EQ(fixed->asked().size(), 2U);
}

TEST_F(Cache, lists_and_forgets) {
  fixed->put({name("a.test"), Type::a}, present(300));
  fixed->put({name("b.test"), Type::a}, present(300));
  (void)ask(cache, "b.test", Type::a);
  (void)ask(cache, "a.test", Type::a);
  clock.advance(Seconds(1));
  const auto entries = cache.list();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].question.name, name("a.test"));
  EXPECT_EQ(entries[0].answer.ttl_s, 299U);
  EXPECT_EQ(cache.flush(name("a.test")), 1U);
  EXPECT_EQ(cache.list().size(), 1U);
  EXPECT_EQ(cache.flush(std::nullopt), 1U);
  EXPECT_EQ(cache.counts().entries, 0U);
  EXPECT_EQ(cache.counts().octets, 0U);
}

TEST(CacheFlush, takes_the_names_below_along_and_tells_the_inner_resolver) {
  ManualClock clock;
  int told = 0;
  auto fixed = std::make_unique<dns::FixedResolver>();
  for (const char* each : {"a.test", "mx.a.test", "aa.test"}) fixed->put({name(each), Type::a}, present(300));
  CachingResolver cache(std::move(fixed), clock, {.flush_below = [&told] { ++told; }});
  for (const char* each : {"a.test", "mx.a.test", "aa.test"}) (void)ask(cache, each, Type::a);
  EXPECT_EQ(cache.flush(name("a.test")), 2U);
  EXPECT_EQ(told, 1);
  ASSERT_EQ(cache.list().size(), 1U);
  EXPECT_EQ(cache.list()[0].question.name, name("aa.test"));
  EXPECT_EQ(cache.flush(name("other.test")), 0U);
  EXPECT_EQ(told, 2) << "the inner resolver may hold what this one lost";
}

TEST_F(Cache, counts_only_what_is_still_good) {
  fixed->put({name("short.test"), Type::a}, present(5));
  fixed->put({name("long.test"), Type::a}, present(300));
  (void)ask(cache, "short.test", Type::a);
  (void)ask(cache, "long.test", Type::a);
  EXPECT_EQ(cache.counts().entries, 2U);
  clock.advance(Seconds(6));
  EXPECT_EQ(cache.list().size(), 1U);
  EXPECT_EQ(cache.counts().entries, 1U) << "as many as the list has";
  EXPECT_EQ(cache.flush(std::nullopt), 1U) << "the other one was forgotten already";
  EXPECT_EQ(cache.counts().octets, 0U);
}

struct SmallCache : Cache {
  SmallCache() : Cache({.entries_max = 64}) {}
};

TEST_F(SmallCache, stays_within_its_bounds) {
  for (int i = 0; i < 5000; ++i) {
    const std::string host = fmt::format("h{}.test", i);
    fixed->put({name(host), Type::a}, present(300));
    (void)ask(cache, host, Type::a);
  }
  EXPECT_LE(cache.counts().entries, 64U);
  EXPECT_GT(cache.counts().entries, 32U);
}

TEST_F(Cache, overlay_answers_are_not_kept) {
  Answer answer = present(300);
  answer.source = Source::overlay;
  fixed->put({name("a.test"), Type::a}, answer);
  (void)ask(cache, "a.test", Type::a);
  EXPECT_EQ(cache.counts().entries, 0U);
}

TEST_F(Cache, many_threads) {
  for (int i = 0; i < 50; ++i) fixed->put({name(fmt::format("h{}.test", i)), Type::a}, present(300));
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) good += ask(cache, fmt::format("h{}.test", i % 50), Type::a).present();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 8000);
}

}  // namespace
}  // namespace waybill::resolve
