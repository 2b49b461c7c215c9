// The conductor between a store in memory and deliveries that all end at once: what a store that refuses
// outcomes may and may not do to them.
#include "daemon/conductor.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queue/memory_store.h"
#include "support/queue_samples.h"

namespace waybill::daemon {
namespace {
namespace samples = queue::samples;

/// Every domain is without mail: each delivery ends as rejected, and no socket is opened.
class NoMail final : public deliver::Router {
 public:
  void targets(const mail::Delivery& delivery, Done done) override {
    asked.push_back(delivery.domain.text());
    if (on_asked) on_asked();
    auto out = std::make_shared<deliver::Targets>();
    out->decision = deliver::TargetsDecision::bounce;
    out->reply = {556, {5, 1, 10}, "null MX"};
    done(std::move(out));
  }
  std::vector<std::string> asked;
  std::function<void()> on_asked;
};

/// Every domain is served by a host that takes the connection and never greets.
class NeverGreets final : public deliver::Router {
 public:
  NeverGreets() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t length = sizeof at;
    const bool listens = ::bind(listener_, reinterpret_cast<sockaddr*>(&at), length) == 0 &&
                         ::listen(listener_, 16) == 0 &&
                         ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &length) == 0;
    EXPECT_TRUE(listens);
    targets_.decision = deliver::TargetsDecision::deliver;
    targets_.site_key = "mute";
    targets_.tiers = {{{10, "mx.test", {IpAddress::parse("127.0.0.1").value()}, ntohs(at.sin_port)}}};
  }
  ~NeverGreets() override { ::close(listener_); }
  NeverGreets(const NeverGreets&) = delete;
  NeverGreets& operator=(const NeverGreets&) = delete;
  void targets(const mail::Delivery&, Done done) override {
    done(std::make_shared<deliver::Targets>(targets_));
  }

 private:
  int listener_;
  deliver::Targets targets_;
};

class ConductorTest : public ::testing::Test {
 protected:
  ConductorTest() { conductor_.set_manager(manager_); }

  /// In the store and known to the conductor, as after a 250. From the null sender: no report follows.
  void accept(uint64_t n, const std::vector<std::string>& to, Time due = samples::kStart) {
    queue::NewMessage added = samples::message(samples::id_at(n), to, "Subject: x\r\n\r\nhello\r\n", due);
    added.message.envelope.from = std::nullopt;
    Fresh fresh{added.message, added.recipients, nullptr};
    ASSERT_TRUE(samples::accept(store_, std::move(added)));
    waiting_.push_back(std::move(fresh));
  }
  void announce(size_t n) { conductor_.announce(waiting_.at(n)); }
  /// Runs the loop until `done` holds; a test that waits for ever fails by ctest's time limit.
  void run_until(std::function<bool()> done) {
    look(std::move(done));
    loop_.run();
  }
  bool is_open(uint64_t n, uint32_t index = 0) {
    const auto record = store_.recipient({samples::id_at(n), index});
    return record && *record;
  }

  ManualClock clock_{samples::kStart};
  queue::MemoryStore store_;
  IdSource ids_{clock_};
  Counters counters_;
  net::Loop loop_;
  RealFs files_;
  NoMail router_;
  deliver::Manager manager_{loop_, {&loop_}, router_, files_, {}};
  Conductor conductor_{loop_, store_, ids_, clock_, counters_, {}};

 private:
  void look(std::function<bool()> done) {
    if (done()) return loop_.stop();
    timer_ = loop_.after(Millis{5}, [this, done = std::move(done)]() mutable { look(std::move(done)); });
  }
  std::vector<Fresh> waiting_;
  net::Loop::Timer timer_;
};

TEST_F(ConductorTest, hands_out_nothing_while_outcomes_cannot_be_recorded) {
  accept(1, {"a@one.example"});
  accept(2, {"b@two.example"}, samples::kStart + Seconds{1});
  size_t asked_when_disk_was_back = 0;
  router_.on_asked = [&] {
    if (router_.asked.size() == 1) store_.fail_disk({Errc::io, "the disk is gone"});
  };
  announce(0);
  bool second_announced = false;
  net::Loop::Timer back;
  run_until([&] {
    if (!second_announced && counters_.commit_failures.load() > 0) {
      second_announced = true;
      clock_.advance(Seconds{2});  // now it is due as well
      announce(1);
      back = loop_.after(Millis{300}, [&] {
        asked_when_disk_was_back = router_.asked.size();
        store_.recover_disk();
      });
    }
    return !is_open(1) && !is_open(2);
  });
  EXPECT_EQ(asked_when_disk_was_back, 1U);
  EXPECT_EQ(router_.asked, (std::vector<std::string>{"one.example", "two.example"}));
}

TEST_F(ConductorTest, a_recipient_whose_record_is_gone_does_not_keep_the_others_outcomes_from_the_disk) {
  accept(1, {"a@one.example", "b@one.example"});
  accept(2, {"c@two.example"});
  router_.on_asked = [&] {
    if (router_.asked.size() > 1) return;
    // As when the store sets a damaged record aside under a delivery.
    ASSERT_TRUE(samples::apply(
        store_,
        samples::change({samples::id_at(1), 0}, samples::recipient("a@one.example"), queue::State::deleted)));
  };
  announce(0);
  announce(1);
  run_until([&] {
    return !is_open(1, 1) && !is_open(2) && conductor_.scheduler().stats().tracked_recipients == 0;
  });
  EXPECT_EQ(counters_.commit_failures.load(), 1U);
}

TEST_F(ConductorTest, an_operator_acts_at_once_on_what_waits_for_a_connection) {
  NeverGreets mute;
  deliver::Manager manager(loop_, {&loop_}, mute, files_, {});
  conductor_.set_manager(manager);
  accept(1, {"a@one.example", "b@one.example"});
  accept(2, {"c@one.example"});
  announce(0);
  announce(1);
  queue::Selector one;
  one.recipient = "b@one.example";
  std::optional<Conductor::Acted> held;
  std::optional<Conductor::Acted> removed;
  std::string why;
  bool asked = false;
  run_until([&] {
    const auto sites = manager.status().sites;
    if (!asked && sites.size() == 1 && sites[0].queued == 2) {
      asked = true;
      why = conductor_.why_waiting({samples::id_at(2), 0});
      conductor_.act({queue::Action::Kind::hold, "joe", ""}, one, [&](Conductor::Acted out) {
        held = std::move(out);
        EXPECT_EQ((*store_.recipient({samples::id_at(1), 1}))->state, queue::State::held);
        conductor_.act({queue::Action::Kind::remove, "joe", ""}, {},
                       [&](Conductor::Acted all) { removed = std::move(all); });
      });
    }
    return removed.has_value();
  });
  EXPECT_NE(why, "");
  EXPECT_EQ(held->acted, 1U);
  EXPECT_EQ(held->later, 0U);
  EXPECT_EQ(removed->acted, 3U);
  EXPECT_FALSE(is_open(1, 0) || is_open(1, 1) || is_open(2));
  EXPECT_EQ(manager.status().deliveries, 0U);
}

}  // namespace
}  // namespace waybill::daemon
