// Peers that keep silent, or drip one octet now and then, at every stage of a session: real sessions on
// virtual time. Each ends when its stage's time or the session's total is over, and leaves no message behind.
#include <gmock/gmock.h>

#include "net/dialer.h"
#include "net/virtual_world.h"
#include "receive/server_session.h"

namespace waybill::receive {
namespace {
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct OpenGate final : Gate {
  void on_connect(const ClientFacts&, Answer answer) override { answer(Verdict::ok()); }
  void on_mail(const ClientFacts&, const mail::ReversePath&, uint64_t, Answer answer) override {
    answer(Verdict::ok());
  }
  void on_rcpt(const ClientFacts&, const mail::ReversePath&, const mail::Address&, Answer answer) override {
    answer(Verdict::ok());
  }
};

/// Counts what sessions begin, and how it ends.
struct CountingIntake final : Intake {
  uint32_t begun = 0;
  uint32_t committed = 0;
  uint32_t abandoned = 0;
  MessageId begin() override { return {++begun}; }
  Status spill(MessageId, uint32_t, Chunk) override { return {}; }
  void commit(Accepted, std::move_only_function<void(Status)> done) override {
    ++committed;
    done(Status{});
  }
  void abandon(MessageId, uint32_t) override { ++abandoned; }
};

/// What a client does: `says`, each after a whole reply; then `drips` over and over, an octet every `every`.
/// Without `drips` it falls silent.
struct Manners {
  std::vector<std::string> says;
  std::string drips;
  Millis every{10'000};
};

class Client final : public net::Far, public std::enable_shared_from_this<Client> {
 public:
  Client(net::VirtualWorld& world, std::shared_ptr<net::VirtualPipe> pipe, Manners manners)
      : world_(world), pipe_(std::move(pipe)), manners_(std::move(manners)) {}

  /// Does not wait for the banner.
  void drip_at_once() { drip(); }
  void received(std::string_view octets) override {
    heard_ += octets;
    const size_t line = heard_.rfind('\n', heard_.size() - 2) + 1;  // npos + 1 is the front
    const bool whole = heard_.ends_with("\r\n") && heard_[line + 3] == ' ';
    if (!whole || dripped_ > 0) return;
    world_.post([self = shared_from_this()] { self->next(); });
  }
  void left() override { pipe_.reset(); }
  Status start_tls() override { return fail(Errc::unsupported, "no TLS here"); }

  [[nodiscard]] const std::string& heard() const { return heard_; }
  [[nodiscard]] Steady quiet_since() const { return quiet_since_; }

 private:
  void next() {
    if (!pipe_) return;
    if (said_ < manners_.says.size()) return pipe_->say(manners_.says[said_++]);
    quiet_since_ = world_.now();
    drip();
  }
  void drip() {
    if (!pipe_ || manners_.drips.empty()) return;
    pipe_->say(manners_.drips.substr(dripped_++ % manners_.drips.size(), 1));
    world_.at(world_.now() + manners_.every, [self = shared_from_this()] { self->drip(); });
  }

  net::VirtualWorld& world_;
  std::shared_ptr<net::VirtualPipe> pipe_;
  Manners manners_;
  size_t said_ = 0;
  size_t dripped_ = 0;
  Steady quiet_since_{};
  std::string heard_;
};

struct Ended {
  bool in_time = false;  ///< the session ended within a day
  Millis total{0};       ///< how long it lasted
  Millis after{0};       ///< how much of it after the last thing that was said properly
  std::string heard;
  CountingIntake intake;
};

class SlowPeer : public testing::Test {
 protected:
  SlowPeer() {
    settings_->hostname = "mx.example";
    settings_->banner_delay = Millis{0};
  }

  enum class Start { after_the_banner, at_once };
  Ended play(Manners manners, Start start = Start::after_the_banner) {
    ManualClock clock;
    net::VirtualWorld world(clock);
    net::Loop loop(world);
    OpenGate gate;
    Ended out;
    SessionRegistry registry;
    std::shared_ptr<Client> client;
    world.on_dial([&](const Endpoint&, const std::shared_ptr<net::VirtualPipe>& pipe) {
      client = std::make_shared<Client>(world, pipe, manners);
      return net::Dialed{client, {}, Millis{0}};
    });
    const Steady begin = world.now();
    std::optional<Steady> end;
    loop.spawn(serve(&loop, settings_, Services{gate, out.intake, clock}, &registry, &end));
    if (start == Start::at_once) world.post([&] { client->drip_at_once(); });
    const Steady patience = begin + std::chrono::hours{24};
    while (!end && world.step(patience)) {
    }
    out.in_time = end.has_value();
    out.total = end.value_or(patience) - begin;
    out.after = end.value_or(patience) - client->quiet_since();
    out.heard = client->heard();
    EXPECT_EQ(registry.active(), 0U);
    if (!end) registry.kill_sessions();
    while (world.step(world.now())) {
    }
    return out;
  }
  /// The server's side: a connection whose far end is the client, as if the client had made it.
  static net::Task<void> serve(net::Loop* loop, std::shared_ptr<const Settings> settings, Services services,
                               SessionRegistry* registry, std::optional<Steady>* end) {
    const Endpoint peer{*IpAddress::parse("192.0.2.7"), 40'000};
    auto stream = co_await net::connect(*loop, peer, std::nullopt, net::deadline_in(Millis{1'000}));
    EXPECT_TRUE(stream);
    if (!stream) co_return;
    auto admitted = registry->admit(peer.ip);
    co_await serve_session(std::move(*stream), std::move(settings), services, std::move(admitted.second));
    end->emplace(net::steady_now());
  }

  std::shared_ptr<Settings> settings_ = std::make_shared<Settings>();
};

constexpr const char* kHello = "EHLO c.example\r\n";
constexpr const char* kMail = "MAIL FROM:<a@b.example>\r\n";
constexpr const char* kRcpt = "RCPT TO:<x@c.example>\r\n";
const std::string kEndless(1'000'000, 'x');

struct Stage {
  const char* name;
  std::vector<std::string> says;
  std::string drips;
  uint32_t begun;  ///< messages under way when it ends
};

/// A command of which no end comes: its own five minutes are all it gets.
const std::vector<Stage>& commands_without_end() {
  static const std::vector<Stage> stages{
      {"EHLO", {}, "EHLO " + kEndless, 0},
      {"MAIL", {kHello}, "MAIL FROM:<" + kEndless, 0},
      {"RCPT", {kHello, kMail}, "RCPT TO:<" + kEndless, 0},
      {"a second RCPT", {kHello, kMail, kRcpt}, "RCPT TO:<" + kEndless, 0},
      {"DATA", {kHello, kMail, kRcpt}, "DATA" + kEndless, 0},
      {"BDAT", {kHello, kMail, kRcpt}, "BDAT " + std::string(1'000, '0'), 0},
      {"between BDAT chunks", {kHello, kMail, kRcpt, "BDAT 3\r\nabc"}, "BDAT " + std::string(1'000, '0'), 1},
      {"STARTTLS", {kHello}, "STARTTLS" + kEndless, 0},
      {"after a message", {kHello, kMail, kRcpt, "DATA\r\n", "x\r\n.\r\n"}, "MAIL" + kEndless, 1},
  };
  return stages;
}

/// Octets that each say "I am still there": only the session's total ends these.
const std::vector<Stage>& progress_without_end() {
  static const std::vector<Stage> stages{
      {"commands", {kHello}, "NOOP\r\n", 0},
      {"a body", {kHello, kMail, kRcpt, "DATA\r\n"}, "text\r\n", 1},
      {"one line of a body", {kHello, kMail, kRcpt, "DATA\r\n"}, "x", 1},
      {"a header", {kHello, kMail, kRcpt, "DATA\r\n"}, "X: y\r\n", 1},
      {"the dot's line", {kHello, kMail, kRcpt, "DATA\r\n"}, "." + kEndless, 1},
      {"a chunk", {kHello, kMail, kRcpt}, "BDAT 1000000 LAST\r\n" + kEndless, 1},
      {"chunks of one octet", {kHello, kMail, kRcpt}, "BDAT 1\r\nx", 1},
      {"a refused chunk", {kHello}, "BDAT 1000000 LAST\r\n" + kEndless, 0},
  };
  return stages;
}

TEST_F(SlowPeer, rfc_044_the_server_waits_five_minutes_for_a_silent_client_at_every_stage) {
  ASSERT_EQ(Settings{}.command_timeout, std::chrono::minutes{5});  // RFC 5321 4.5.3.2.7
  const std::vector<std::string> all{kHello, kMail, kRcpt, "DATA\r\n"};
  for (size_t said = 0; said <= all.size(); ++said) {
    const Ended ended = play({{all.begin(), all.begin() + static_cast<std::ptrdiff_t>(said)}, {}});
    ASSERT_TRUE(ended.in_time) << said;
    EXPECT_EQ(ended.after, std::chrono::minutes{5}) << said;
    EXPECT_THAT(ended.heard, EndsWith("\r\n421 4.4.2 mx.example timeout\r\n"));
    EXPECT_EQ(ended.intake.abandoned, ended.intake.begun);
  }
}

TEST_F(SlowPeer, a_command_that_drips_gets_five_minutes_as_a_whole) {
  for (const Stage& stage : commands_without_end()) {
    const Ended ended = play({stage.says, stage.drips});
    ASSERT_TRUE(ended.in_time) << stage.name;
    EXPECT_EQ(ended.after, std::chrono::minutes{5}) << stage.name;
    EXPECT_THAT(ended.heard, EndsWith("\r\n421 4.4.2 mx.example timeout\r\n")) << stage.name;
    EXPECT_EQ(ended.intake.begun, stage.begun) << stage.name;
    EXPECT_EQ(ended.intake.abandoned + ended.intake.committed, stage.begun) << stage.name;
  }
}

TEST_F(SlowPeer, a_peer_that_drips_on_and_on_gets_the_sessions_hour) {
  for (const Stage& stage : progress_without_end()) {
    const Ended ended = play({stage.says, stage.drips});
    ASSERT_TRUE(ended.in_time) << stage.name;
    EXPECT_EQ(ended.total, settings_->session_timeout) << stage.name;
    EXPECT_THAT(ended.heard, EndsWith("421 4.4.2 mx.example timeout\r\n")) << stage.name;
    EXPECT_EQ(ended.intake.begun, stage.begun) << stage.name;
    EXPECT_EQ(ended.intake.abandoned, stage.begun) << stage.name;
    EXPECT_EQ(ended.intake.committed, 0U) << stage.name;
  }
}

TEST_F(SlowPeer, a_line_too_long_that_drips_gets_the_sessions_hour_at_most) {
  // Past command_octets_max the line's octets are dropped as they come: 2048 of them within the five minutes.
  const Ended ended = play({{kHello}, kEndless, Millis{100}});
  ASSERT_TRUE(ended.in_time);
  EXPECT_LE(ended.total, settings_->session_timeout);
  EXPECT_THAT(ended.heard, EndsWith("421 4.4.2 mx.example timeout\r\n"));
}

TEST_F(SlowPeer, content_earns_time_at_the_rate_that_is_asked_for_and_no_more) {
  settings_->progress_octets_per_second = 1;
  // An octet every 4 s earns 1 s: 3600 s + t/4 = t ends it at 4800 s. Commands and envelopes earn nothing.
  const Ended ended = play({{kHello, kMail, kRcpt, "DATA\r\n"}, "text text\r\n", Millis{4'000}});
  ASSERT_TRUE(ended.in_time);
  EXPECT_GE(ended.total, Seconds{4'790});
  EXPECT_LE(ended.total, Seconds{4'810});
  EXPECT_EQ(ended.intake.abandoned, 1U);
}

TEST_F(SlowPeer, octets_before_the_banner_end_the_session_at_once) {
  settings_->banner_delay = Millis{5};
  const Ended ended = play({{}, "EHLO " + kEndless}, Start::at_once);
  ASSERT_TRUE(ended.in_time);
  EXPECT_LE(ended.total, settings_->banner_delay);
  EXPECT_THAT(ended.heard, StartsWith("554 5.5.0"));
}

TEST_F(SlowPeer, where_early_talkers_are_allowed_a_drip_before_the_banner_is_a_command_as_any_other) {
  settings_->banner_delay = Millis{5};
  settings_->early_talkers = EarlyTalkers::allow;
  const Ended ended = play({{}, "EHLO " + kEndless}, Start::at_once);
  ASSERT_TRUE(ended.in_time);
  EXPECT_LE(ended.total, std::chrono::minutes{5} + settings_->banner_delay);
  EXPECT_THAT(ended.heard, StartsWith("220 "));
  EXPECT_THAT(ended.heard, HasSubstr("\r\n421 4.4.2"));
}
}  // namespace
}  // namespace waybill::receive
