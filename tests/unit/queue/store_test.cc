// What every Store must do, asked of each of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/memory_store.h"
#include "queue/rocks_store.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;
using std::chrono::hours;
using std::chrono::minutes;

enum class Kind { memory, rocks };

class StoreTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_.reset();
    if (GetParam() == Kind::memory) {
      store_ = std::make_unique<MemoryStore>();
    } else {
      auto opened = RocksStore::open({.path = dir_.spool(), .clock = &clock_, .memory_octets = 16 << 20});
      ASSERT_TRUE(opened) << opened.error().what;
      store_ = std::move(*opened);
    }
  }
  Store& store() { return *store_; }
  CustodyReport custody() {
    auto report = store().verify_custody();
    EXPECT_TRUE(report) << report.error().what;
    for (const auto& fault : report->faults) ADD_FAILURE() << fault;
    return *report;
  }

  TempDir dir_;
  ManualClock clock_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreTest, keeps_what_it_accepts) {
  NewMessage added = message(id_at(1), {"a@example.net", "b@example.com"}, "body text");
  added.message.envelope.ret = mail::Ret::headers;
  added.message.envelope.smtputf8 = true;
  added.message.envelope.envid = "env=1";
  added.message.origin.user = "joe";
  added.recipients[1].recipient.notify = mail::notify_failure | mail::notify_delay;
  added.recipients[1].recipient.orcpt = "rfc822;b@example.com";
  ASSERT_TRUE(accept(store(), added));
  const auto read = store().message(id_at(1));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ(**read, added.message);
  const auto recipients = store().recipients(id_at(1));
  ASSERT_TRUE(recipients);
  ASSERT_EQ(recipients->size(), 2u);
  EXPECT_EQ((*recipients)[0].second, added.recipients[0]);
  EXPECT_EQ((*recipients)[1].second, added.recipients[1]);
  const auto one = store().recipient({id_at(1), 1});
  ASSERT_TRUE(one && *one);
  EXPECT_EQ(**one, added.recipients[1]);
  EXPECT_EQ(store().chunk(id_at(1), 0)->view(), "body text");
  EXPECT_EQ(store().chunk(id_at(1), 1).error().code, Errc::not_found);
  EXPECT_FALSE(*store().message(id_at(2)));
  EXPECT_EQ(store().highest_id(), id_at(1));
  const auto events = store().events(id_at(1));
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().kind, EventKind::accepted);
  EXPECT_EQ(events->front().address, "sender@example.org");
  EXPECT_EQ(events->front().detail, "from 192.0.2.1 (client.example.org) by ESMTP, 9 octets, 2 recipients");
  const auto stats = store().stats();
  EXPECT_EQ(stats.messages, 1u);
  EXPECT_EQ(stats.recipients_queued, 2u);
  EXPECT_EQ(stats.oldest_arrival, kStart);
  EXPECT_EQ(custody().open, 2u);
}

TEST_P(StoreTest, due_is_in_order_of_time_and_pages) {
  for (uint64_t i = 0; i < 10; ++i) {
    NewMessage added = message(id_at(i), {i % 2 == 0 ? "a@even.example" : "a@odd.example"});
    added.recipients[0].next_attempt = kStart + minutes(10 - static_cast<int>(i));
    ASSERT_TRUE(accept(store(), std::move(added)));
  }
  EXPECT_EQ(**store().next_due(), kStart + minutes(1));
  const auto first = store().due(std::nullopt, kStart + minutes(5), 3);
  ASSERT_EQ(first->size(), 3u);
  EXPECT_EQ((*first)[0].key.message, id_at(9));
  EXPECT_EQ((*first)[0].domain, "odd.example");
  const auto rest = store().due(first->back(), kStart + minutes(5), 10);
  ASSERT_EQ(rest->size(), 2u) << "until is inclusive, after is not";
  EXPECT_EQ(rest->back().at, kStart + minutes(5));
  const auto odd = store().due_in_domain("odd.example", std::nullopt, Time::max(), 10);
  ASSERT_EQ(odd->size(), 5u);
  EXPECT_EQ(odd->front().at, kStart + minutes(1));
  EXPECT_EQ(store().due_in_domain("odd.example", odd->front(), kStart + minutes(4), 10)->size(), 1u);
  EXPECT_TRUE(store().due_in_domain("odd.exampl", std::nullopt, Time::max(), 10)->empty());
}

TEST_P(StoreTest, an_entry_before_those_already_read_is_found) {
  NewMessage late = message(id_at(1), {"a@example.net"});
  late.recipients[0].next_attempt = kStart + hours(1);
  ASSERT_TRUE(accept(store(), late));
  EXPECT_EQ(**store().next_due(), kStart + hours(1));
  NewMessage soon = message(id_at(2), {"a@example.net"});
  soon.recipients[0].next_attempt = kStart - hours(1);
  ASSERT_TRUE(accept(store(), soon));
  EXPECT_EQ(**store().next_due(), kStart - hours(1));
}

TEST_P(StoreTest, a_change_moves_the_index_and_the_last_end_removes_the_message) {
  const NewMessage added = message(id_at(1), {"a@example.net", "b@example.net"});
  ASSERT_TRUE(accept(store(), added));
  Change deferred = change({id_at(1), 0}, added.recipients[0], State::queued);
  deferred.after.attempts = 1;
  deferred.after.next_attempt = kStart + minutes(30);
  deferred.after.last_reply = {451, {4, 3, 0}, "later\nplease"};
  deferred.after.last_host = "mx.example.net";
  ASSERT_TRUE(apply(store(), deferred));
  EXPECT_EQ(**store().recipient({id_at(1), 0}), deferred.after);
  EXPECT_EQ(store().due(std::nullopt, kStart, 10)->size(), 1u);
  ASSERT_TRUE(apply(store(), change({id_at(1), 1}, added.recipients[1], State::delivered)));
  EXPECT_TRUE(*store().message(id_at(1)));
  EXPECT_FALSE(*store().recipient({id_at(1), 1}));
  ASSERT_TRUE(apply(store(), change({id_at(1), 0}, deferred.after, State::bounced)));
  EXPECT_FALSE(*store().message(id_at(1)));
  EXPECT_EQ(store().chunk(id_at(1), 0).error().code, Errc::not_found);
  EXPECT_FALSE(*store().next_due());
  const auto events = store().events(id_at(1));
  ASSERT_EQ(events->size(), 4u);
  EXPECT_EQ(events->back().kind, EventKind::bounced);
  const auto report = custody();
  EXPECT_EQ(report.accepted, 2u);
  EXPECT_EQ(report.delivered, 1u);
  EXPECT_EQ(report.bounced, 1u);
  EXPECT_EQ(report.open, 0u);
  EXPECT_EQ(store().stats().messages, 0u);
  EXPECT_EQ(store().stats().recipients_queued, 0u);
}

TEST_P(StoreTest, a_second_end_is_refused_and_leaves_no_trace) {
  const NewMessage added = message(id_at(1), {"a@example.net", "b@example.net"});
  ASSERT_TRUE(accept(store(), added));
  ASSERT_TRUE(apply(store(), change({id_at(1), 0}, added.recipients[0], State::delivered)));
  Transaction twice;
  twice.changes.push_back(change({id_at(1), 1}, added.recipients[1], State::delivered));
  twice.changes.push_back(change({id_at(1), 0}, added.recipients[0], State::bounced));
  twice.messages.push_back(message(id_at(2), {"sender@example.org"}));
  EXPECT_FALSE(commit(store(), std::move(twice)));
  EXPECT_TRUE(*store().recipient({id_at(1), 1}));
  EXPECT_FALSE(*store().message(id_at(2)));
  Transaction same;
  same.changes.push_back(change({id_at(1), 1}, added.recipients[1], State::delivered));
  same.changes.push_back(change({id_at(1), 1}, added.recipients[1], State::bounced));
  EXPECT_EQ(commit(store(), std::move(same)).error().code, Errc::invalid);
  EXPECT_EQ(custody().open, 1u);
}

TEST_P(StoreTest, refuses_what_contradicts_itself) {
  EXPECT_EQ(apply(store(), change({id_at(7), 0}, recipient("a@example.net"), State::delivered)).error().code,
            Errc::not_found);
  ASSERT_TRUE(accept(store(), message(id_at(1), {"a@example.net"})));
  EXPECT_EQ(accept(store(), message(id_at(1), {"a@example.net"})).error().code, Errc::exists);
  EXPECT_EQ(accept(store(), message(id_at(3), {})).error().code, Errc::invalid);
  NewMessage wrong = message(id_at(4), {"a@example.net"});
  wrong.message.chunk_count = 3;
  EXPECT_EQ(accept(store(), wrong).error().code, Errc::invalid);
  Change other_domain = change({id_at(1), 0}, recipient("a@example.com"), State::queued);
  EXPECT_EQ(apply(store(), other_domain).error().code, Errc::invalid);
  Change wrong_event = change({id_at(1), 0}, recipient("a@example.net"), State::delivered);
  wrong_event.event.kind = EventKind::deferred;
  EXPECT_EQ(apply(store(), wrong_event).error().code, Errc::invalid);
  EXPECT_EQ(custody().open, 1u);
}

TEST_P(StoreTest, held_recipients_are_never_due_but_listed) {
  const NewMessage added = message(id_at(1), {"a@example.net"});
  ASSERT_TRUE(accept(store(), added));
  ASSERT_TRUE(apply(store(), change({id_at(1), 0}, added.recipients[0], State::held)));
  EXPECT_TRUE(store().due(std::nullopt, Time::max(), 10)->empty());
  EXPECT_TRUE(store().due_in_domain("example.net", std::nullopt, Time::max(), 10)->empty());
  EXPECT_EQ(store().stats().recipients_held, 1u);
  Selector held{.domain = "example.net",
                .sender = {},
                .recipient = {},
                .host = {},
                .last_reply = {},
                .state = State::held};
  EXPECT_EQ(store().list(held, kStart, std::nullopt, 10)->rows.size(), 1u);
  EXPECT_EQ(*store().count(held, kStart), 1u);
  Change released = change({id_at(1), 0}, added.recipients[0], State::queued);
  released.event.kind = EventKind::released;
  ASSERT_TRUE(apply(store(), released));
  EXPECT_EQ(store().due(std::nullopt, Time::max(), 10)->size(), 1u);
  EXPECT_EQ(store().stats().recipients_held, 0u);
  custody();
}

TEST_P(StoreTest, lists_by_selector_in_pages) {
  for (uint64_t i = 0; i < 25; ++i) {
    NewMessage added = message(id_at(i), {fmt::format("u{}@d{}.example", i, i % 3), "x@other.example"});
    if (i % 5 == 0) added.message.envelope.from.reset();
    added.message.arrived = kStart - minutes(static_cast<int>(i));
    ASSERT_TRUE(accept(store(), std::move(added)));
  }
  const auto all_of = [this](const Selector& selector) {
    std::vector<RecipientKey> keys;
    std::optional<RecipientKey> after;
    do {
      const auto page = store().list(selector, kStart, after, 4);
      EXPECT_TRUE(page);
      EXPECT_LE(page->rows.size(), 4u);
      for (const Listed& row : page->rows) keys.push_back({row.message.id, row.index});
      after = page->next;
    } while (after);
    EXPECT_TRUE(std::ranges::is_sorted(keys));
    EXPECT_EQ(*store().count(selector, kStart), keys.size());
    return keys;
  };
  EXPECT_EQ(all_of({}).size(), 50u);
  Selector by;
  by.domain = "d1.example";
  EXPECT_EQ(all_of(by).size(), 8u);
  by.domain = "D1.Example";
  EXPECT_EQ(all_of(by).size(), 8u);
  by.domain = "*.example";
  EXPECT_EQ(all_of(by).size(), 50u);
  by = {};
  by.message = id_at(3);
  EXPECT_EQ(all_of(by).size(), 2u);
  by = {};
  by.sender = "<>";
  EXPECT_EQ(all_of(by).size(), 10u);
  by.recipient = "x@other.example";
  EXPECT_EQ(all_of(by).size(), 5u);
  by = {};
  by.older_than = minutes(20);
  EXPECT_EQ(all_of(by).size(), 10u);
  by = {};
  by.last_reply = "nothing said this";
  EXPECT_TRUE(all_of(by).empty());
}

/// Recipients that match, as "message.index", through list() and count() alike.
std::vector<std::string> matching(Store& store, const Selector& selector) {
  std::vector<std::string> out;
  const auto page = store.list(selector, kStart, std::nullopt, 100);
  EXPECT_TRUE(page);
  for (const Listed& row : page->rows)
    out.push_back(fmt::format("{}.{}", row.message.id.value - id_at(0).value, row.index));
  EXPECT_EQ(*store.count(selector, kStart), out.size());
  return out;
}

TEST_P(StoreTest, selects_by_the_host_and_the_reply_of_the_last_attempt) {
  const NewMessage tried = message(id_at(1), {"a@example.net", "b@example.net", "c@example.net"});
  ASSERT_TRUE(accept(store(), tried));
  ASSERT_TRUE(accept(store(), message(id_at(2), {"never-tried@example.net"})));
  const auto fail_at = [&](uint32_t index, const char* host, mail::Reply reply) {
    Change deferred = change({id_at(1), index}, tried.recipients[index], State::queued);
    deferred.after.attempts = 1;
    deferred.after.last_host = host;
    deferred.after.last_reply = std::move(reply);
    ASSERT_TRUE(apply(store(), deferred));
  };
  fail_at(0, "mx1.example.net", {451, {4, 7, 1}, "Greylisted, come back"});
  fail_at(1, "mx2.example.net", {452, {4, 2, 2}, "mailbox full"});
  fail_at(2, "mx11.example.net", {421, {4, 3, 2}, "greylisted too,\nin two lines"});

  using testing::ElementsAre;
  using testing::IsEmpty;
  const auto host = [&](const char* name) { return matching(store(), {.host = name}); };
  EXPECT_THAT(host("mx1.example.net"), ElementsAre("1.0"));
  EXPECT_THAT(host("MX2.Example.NET"), ElementsAre("1.1"));
  EXPECT_THAT(host("mx11.example.net"), ElementsAre("1.2"));
  for (const char* other :
       {"mx1", "example.net", "mx1.example.net.", "x1.example.net", "*.example.net", "mx3.example.net"})
    EXPECT_THAT(host(other), IsEmpty()) << other;

  const auto reply = [&](const char* part) { return matching(store(), {.last_reply = part}); };
  EXPECT_THAT(reply("greyLISTED"), ElementsAre("1.0", "1.2"));
  EXPECT_THAT(reply("452"), ElementsAre("1.1"));
  EXPECT_THAT(reply("4.2.2"), ElementsAre("1.1"));
  EXPECT_THAT(reply("451 4.7.1 Greylisted, come back"), ElementsAre("1.0"));
  EXPECT_THAT(reply("two lines"), ElementsAre("1.2"));
  for (const char* other : {"550", "greylisted!", "mailbox  full", "mx1.example.net", "452 mailbox"})
    EXPECT_THAT(reply(other), IsEmpty()) << other;

  EXPECT_THAT(matching(store(), {.host = "mx1.example.net", .last_reply = "greylisted"}), ElementsAre("1.0"));
  EXPECT_THAT(matching(store(), {.host = "mx2.example.net", .last_reply = "greylisted"}), IsEmpty());
  EXPECT_THAT(matching(store(), {}), ElementsAre("1.0", "1.1", "1.2", "2.0"));
}

TEST_P(StoreTest, selects_by_age_and_a_message_of_just_that_age_is_older) {
  for (const int age : {0, 10, 20, 30}) {
    const auto n = static_cast<uint64_t>(age);
    ASSERT_TRUE(accept(store(), message(id_at(n), {"a@example.net"}, "x", kStart - minutes(age))));
  }
  ASSERT_TRUE(accept(store(), message(id_at(99), {"clock-was-set@example.net"}, "x", kStart + hours(1))));

  using testing::ElementsAre;
  using testing::IsEmpty;
  EXPECT_THAT(matching(store(), {.older_than = minutes(20)}), ElementsAre("20.0", "30.0"));
  EXPECT_THAT(matching(store(), {.older_than = minutes(20) + Millis{1}}), ElementsAre("30.0"));
  EXPECT_THAT(matching(store(), {.older_than = minutes(31)}), IsEmpty());
  EXPECT_THAT(matching(store(), {.younger_than = minutes(20)}), ElementsAre("0.0", "10.0", "99.0"));
  EXPECT_THAT(matching(store(), {.younger_than = minutes(20) + Millis{1}}),
              ElementsAre("0.0", "10.0", "20.0", "99.0"));
  EXPECT_THAT(matching(store(), {.older_than = minutes(10), .younger_than = minutes(30)}),
              ElementsAre("10.0", "20.0"));
  EXPECT_THAT(matching(store(), {.older_than = minutes(30), .younger_than = minutes(10)}), IsEmpty());
}

TEST_P(StoreTest, bodies_that_come_in_chunks) {
  ASSERT_TRUE(store().put_chunk(id_at(1), 0, Chunk(std::string(1000, 'a'))));
  ASSERT_TRUE(store().put_chunk(id_at(1), 1, Chunk(std::string(1000, 'b'))));
  NewMessage added = message(id_at(1), {"a@example.net"}, std::string(10, 'c'));
  added.first_chunk = 2;
  added.message.chunk_count = 3;
  added.message.size_octets = 2010;
  ASSERT_TRUE(accept(store(), added));
  EXPECT_EQ(store().chunk(id_at(1), 1)->view(), std::string(1000, 'b'));
  EXPECT_EQ(store().chunk(id_at(1), 2)->view(), std::string(10, 'c'));
  ASSERT_TRUE(store().put_chunk(id_at(2), 0, Chunk(std::string("given up"))));
  store().discard(id_at(2), 1);
  EXPECT_FALSE(store().chunk(id_at(2), 0));
  EXPECT_EQ(store().put_chunk(id_at(3), 0, Chunk(std::string(kChunkOctetsMax + 1, 'x'))).error().code,
            Errc::invalid);
  ASSERT_TRUE(apply(store(), change({id_at(1), 0}, added.recipients[0], State::delivered)));
  for (uint32_t n = 0; n < 3; ++n) EXPECT_EQ(store().chunk(id_at(1), n).error().code, Errc::not_found);
}

TEST_P(StoreTest, the_ledger_outlives_the_message_until_pruned) {
  const NewMessage old = message(id_at(1), {"a@example.net"});
  const NewMessage open = message(id_at(2), {"a@example.net"});
  ASSERT_TRUE(accept(store(), old));
  ASSERT_TRUE(accept(store(), open));
  ASSERT_TRUE(apply(store(), change({id_at(1), 0}, old.recipients[0], State::delivered, kStart + hours(1))));
  EXPECT_EQ(*store().prune_ledger(kStart + minutes(30)), 0u) << "its end is younger";
  EXPECT_EQ(*store().prune_ledger(kStart + hours(2)), 2u);
  EXPECT_TRUE(store().events(id_at(1))->empty());
  EXPECT_EQ(store().events(id_at(2))->size(), 1u) << "an open message keeps its ledger";
  EXPECT_EQ(custody().open, 1u);
}

TEST_P(StoreTest, changes_of_one_batch_see_each_other) {
  const NewMessage added = message(id_at(1), {"a@example.net"});
  std::vector<std::future<Status>> answers;
  const auto send = [&](Transaction transaction) {
    auto promise = std::make_shared<std::promise<Status>>();
    answers.push_back(promise->get_future());
    store().commit(std::move(transaction),
                   [promise](Status status) { promise->set_value(std::move(status)); });
  };
  Transaction first;
  first.messages.push_back(added);
  send(std::move(first));
  for (int i = 1; i <= 20; ++i) {
    Transaction next;
    Change moved = change({id_at(1), 0}, added.recipients[0], State::queued);
    moved.after.next_attempt = kStart + minutes(i % 7);
    moved.after.attempts = static_cast<uint16_t>(i);
    next.changes.push_back(moved);
    send(std::move(next));
  }
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  const auto due = store().due(std::nullopt, Time::max(), 10);
  ASSERT_EQ(due->size(), 1u);
  EXPECT_EQ(due->front().at, kStart + minutes(20 % 7));
  EXPECT_EQ((**store().recipient({id_at(1), 0})).attempts, 20);
  custody();
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, ::testing::Values(Kind::memory, Kind::rocks),
                         [](const auto& about) { return about.param == Kind::memory ? "memory" : "rocks"; });

}  // namespace
}  // namespace waybill::queue
