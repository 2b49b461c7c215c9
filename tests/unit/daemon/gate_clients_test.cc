// The gate's look at clients: what it asks, what it waits for, and what it never does to whom.
#include "daemon/gate_clients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace waybill::daemon {
namespace {
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
dns::Name name(std::string_view text) { return *dns::Name::parse(text); }

/// Answers from a map, but never for names that are held back.
class HoldingResolver final : public dns::Resolver {
 public:
  dns::FixedResolver fixed;
  std::atomic<bool> holds{false};
  void resolve(const dns::Question& question, Done done) override {
    if (!holds) return fixed.resolve(question, std::move(done));
    const std::scoped_lock lock(mutex_);
    held_.emplace_back(question, std::move(done));
  }
  void release() {
    holds = false;
    std::vector<std::pair<dns::Question, Done>> held;
    {
      const std::scoped_lock lock(mutex_);
      held.swap(held_);
    }
    for (auto& [question, done] : held) fixed.resolve(question, std::move(done));
  }
  /// What is held is never answered: as when the program ends.
  void abandon() {
    std::vector<std::pair<dns::Question, Done>> held;
    const std::scoped_lock lock(mutex_);
    held.swap(held_);
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<dns::Question, Done>> held_;
};

class Clients : public testing::Test {
 protected:
  Clients() {
    put("home.example", dns::Type::mx, dns::Mx{10, name("mx1.example")}, dns::Mx{20, name("mx2.example")});
    put("mx1.example", dns::Type::a, ip("198.51.100.1"));
    put("mx2.example", dns::Type::a, ip("198.51.100.2"));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Clients() override {
    loop_.stop();
    thread_.join();
  }

  template <class... Data>
  void put(std::string_view owner, dns::Type type, Data... data) {
    dns::Answer answer{.kind = dns::Kind::present};
    (answer.records.push_back({name(owner), type, 300, dns::Data(data)}), ...);
    resolver_.fixed.put({name(owner), type}, answer);
  }
  void named(std::string_view client, std::string_view host) {
    dns::Answer answer{.kind = dns::Kind::present};
    answer.records.push_back({dns::Name::reverse(ip(client)), dns::Type::ptr, 300, dns::Data(name(host))});
    resolver_.fixed.put({dns::Name::reverse(ip(client)), dns::Type::ptr}, answer);
    put(host, ip(client).is_v4() ? dns::Type::a : dns::Type::aaaa, ip(client));
  }

  /// The gate under this policy; an hour after its doors opened.
  void open(const std::string& policy, const std::string& clients = "") {
    const auto config = config::parse(
        fmt::format(
            "hostname = \"mx.example\"\n[relay]\ntrusted_networks = [\"10.0.0.0/8\"]\n[clients]\n"
            "iprev_wait = \"50ms\"\n{}\n[policy.default]\n{}\n[domain.\"home.example\"]\nrole = \"relay\"\n",
            clients, policy),
        "waybill.toml");
    ASSERT_TRUE(config) << config.error().at(0).to_string();
    gate_ = std::make_unique<ClientsGate>(clock_, loop_, resolver_, *learnt_, *config);
    gate_->set_doors({{{ip("198.51.100.1"), 25}, ""}, {{ip("198.51.100.2"), 25}, ""}});
    clock_.advance(std::chrono::hours{1});
  }

  receive::ClientFacts connect(std::string_view client, std::string_view local) {
    receive::ClientFacts facts;
    facts.remote = {ip(client), 40'000};
    facts.local = {ip(local), 25};
    facts.helo = "client.example";
    receive::Verdict verdict = gate_->connected(facts);
    EXPECT_FALSE(verdict.refusal);
    banner_delay_ = verdict.banner_delay;
    facts.notes = verdict.notes;
    return facts;
  }

  receive::Verdict rcpt(const receive::ClientFacts& facts, std::string_view to = "john@home.example",
                        std::string_view from = "a@source.example") {
    gate_->mail(facts);
    auto answered = std::make_shared<std::promise<receive::Verdict>>();
    auto verdict = answered->get_future();
    mail::ReversePath sender;
    if (!from.empty()) sender = *mail::Address::parse(from);
    gate_->rcpt(facts, sender, *mail::Address::parse(to), {},
                [answered](receive::Verdict given) { answered->set_value(std::move(given)); });
    return verdict.get();
  }
  std::string reply(const receive::Verdict& verdict) {
    return verdict.refusal ? verdict.refusal->to_string() : "ok";
  }
  /// What was only observed is counted when it is known: after what the loop has to do until then.
  control::ClientTestReport counted(policy::ClientTest test, uint64_t messages) {
    while (true) {
      const control::ClientsAnswer answer = gate_->report({.examples = 5});
      for (const auto& group : answer.groups) {
        if (group.messages >= messages) return group.tests.at(static_cast<size_t>(test));
      }
      std::this_thread::yield();
    }
  }

  ManualClock clock_;
  HoldingResolver resolver_;
  std::unique_ptr<learn::Store> learnt_ = learn::Store::in_memory(clock_);
  net::Loop loop_;
  std::unique_ptr<ClientsGate> gate_;
  std::thread thread_;
  Millis banner_delay_{0};
};

TEST_F(Clients, trusted_and_authenticated_ones_and_other_roles_cost_nothing) {
  open("iprev = \"refuse\"\nwrong_mx = \"refuse\"\ngreylist = \"defer\"");
  const auto trusted = connect("10.1.2.3", "198.51.100.2");
  EXPECT_FALSE(trusted.notes);
  EXPECT_EQ(reply(rcpt(trusted)), "ok");
  EXPECT_THAT(resolver_.fixed.asked(), IsEmpty());
  receive::ClientFacts submission;
  submission.role = receive::Role::submission;
  submission.remote.ip = ip("192.0.2.1");
  EXPECT_FALSE(gate_->connected(submission).notes);
  auto authenticated = connect("192.0.2.1", "198.51.100.2");
  authenticated.user = "joe";
  EXPECT_EQ(reply(rcpt(authenticated)), "ok");
  EXPECT_EQ(gate_->report({}).clients, 0U);
}

TEST_F(Clients, what_is_only_observed_never_keeps_a_session_waiting) {
  open("");
  resolver_.holds = true;
  const auto client = connect("192.0.2.1", "198.51.100.2");
  EXPECT_EQ(reply(rcpt(client)), "ok");  // nothing has answered yet
  EXPECT_EQ(gate_->report({}).clients, 0U);
  resolver_.release();
  while (counted(policy::ClientTest::wrong_mx, 1).clients == 0) std::this_thread::yield();
  EXPECT_EQ(counted(policy::ClientTest::iprev, 1).clients, 1U);
}

TEST_F(Clients, a_client_with_thousands_of_recipients_is_not_waited_for_with_all_of_them) {
  open("");
  resolver_.holds = true;
  const auto client = connect("192.0.2.1", "198.51.100.2");
  gate_->mail(client);
  for (int i = 0; i < 1000; ++i) {
    gate_->rcpt(client, {}, *mail::Address::parse(fmt::format("u{}@home.example", i)), {},
                [](const receive::Verdict&) {});
  }
  const auto wrong = counted(policy::ClientTest::wrong_mx, 1);  // though nothing has answered
  EXPECT_EQ(wrong.clients, 0U);
  resolver_.release();
  while (counted(policy::ClientTest::wrong_mx, 1).clients == 0) std::this_thread::yield();
  EXPECT_EQ(gate_->report({}).groups.at(0).messages, 1U);
}

TEST_F(Clients, a_rule_that_acts_waits_a_bounded_time_and_then_lets_pass) {
  open("iprev = \"refuse\"\nwrong_mx = \"refuse\"");
  resolver_.holds = true;
  const auto client = connect("192.0.2.1", "198.51.100.2");
  EXPECT_EQ(reply(rcpt(client)), "ok") << "what the DNS does not say is never refused";
  resolver_.release();
}

TEST_F(Clients, a_lookup_that_is_abandoned_keeps_nothing_alive) {
  open("");
  resolver_.holds = true;
  auto client = connect("192.0.2.1", "198.51.100.2");
  EXPECT_EQ(reply(rcpt(client)), "ok");
  const std::weak_ptr<void> notes = std::exchange(client.notes, nullptr);
  std::promise<void> reached;
  loop_.post([&reached] { reached.set_value(); });
  reached.get_future().wait();  // the recipient waits for the client's name
  EXPECT_FALSE(notes.expired());
  resolver_.abandon();
  std::promise<void> freed;  // the loop holds what it runs until it is back
  loop_.post([&freed] { freed.set_value(); });
  freed.get_future().wait();
  EXPECT_TRUE(notes.expired());
}

TEST_F(Clients, a_failed_lookup_refuses_nobody) {
  open("iprev = \"refuse\"\nwrong_mx = \"refuse\"");
  for (const auto& question : {dns::Question{dns::Name::reverse(ip("192.0.2.1")), dns::Type::ptr},
                               dns::Question{name("home.example"), dns::Type::mx}}) {
    resolver_.fixed.put(question, dns::Answer::failure("SERVFAIL"));
  }
  EXPECT_EQ(reply(rcpt(connect("192.0.2.1", "198.51.100.2"))), "ok");
  EXPECT_EQ(gate_->counters().names_unknown, 1U);
}

TEST_F(Clients, a_client_without_a_name_is_refused_where_the_policy_says_so) {
  open("iprev = \"refuse\"\nwrong_mx = \"off\"");
  const auto client = connect("192.0.2.1", "198.51.100.1");
  EXPECT_THAT(reply(rcpt(client)), HasSubstr("550 5.7.25"));
  EXPECT_EQ(reply(rcpt(client, "postmaster@home.example")), "ok");
  named("192.0.2.2", "mail.example");
  EXPECT_EQ(reply(rcpt(connect("192.0.2.2", "198.51.100.1"))), "ok");
}

TEST_F(Clients, names_are_not_asked_for_when_that_is_off) {
  open("wrong_mx = \"off\"", "iprev = false");
  EXPECT_EQ(reply(rcpt(connect("192.0.2.1", "198.51.100.1"))), "ok");
  EXPECT_THAT(resolver_.fixed.asked(), IsEmpty());
}

TEST_F(Clients, who_left_out_the_better_mx_is_deferred_and_who_tried_it_is_not) {
  open("wrong_mx = \"defer\"");
  const auto spammer = connect("192.0.2.1", "198.51.100.2");
  EXPECT_THAT(reply(rcpt(spammer)), HasSubstr("450 4.7.1 came to mx2.example (20) and left out mx1.example"));
  (void)connect("192.0.2.2", "198.51.100.1");
  EXPECT_EQ(reply(rcpt(connect("192.0.2.2", "198.51.100.2"))), "ok");
  (void)connect("192.0.2.2", "198.51.100.2");
  EXPECT_EQ(banner_delay_, Seconds{2}) << "it has no reverse name";
}

TEST_F(Clients, who_was_turned_away_at_the_better_mx_has_tried_it_and_nobody_is_blamed_for_a_while) {
  open("wrong_mx = \"defer\"");
  receive::ClientFacts full;
  full.remote.ip = ip("192.0.2.2");
  full.local.ip = ip("198.51.100.1");
  gate_->turned_away(full);
  EXPECT_EQ(reply(rcpt(connect("192.0.2.2", "198.51.100.2"))), "ok");
  EXPECT_EQ(reply(rcpt(connect("192.0.2.3", "198.51.100.2"))), "ok") << "mx1 was full";
  clock_.advance(std::chrono::hours{1});
  EXPECT_THAT(reply(rcpt(connect("192.0.2.3", "198.51.100.2"))), HasSubstr("450"));
}

TEST_F(Clients, a_host_of_both_families_is_one_by_its_confirmed_name) {
  open("wrong_mx = \"defer\"");
  named("192.0.2.2", "mail.example");
  named("2001:db8::2", "mail.example");
  (void)rcpt(connect("192.0.2.2", "198.51.100.1"));
  EXPECT_EQ(reply(rcpt(connect("2001:db8::2", "198.51.100.2"))), "ok");
}

TEST_F(Clients, greylisting_outlives_the_gate) {
  const std::string grey = "greylist = \"defer\"\nwrong_mx = \"off\"";
  open(grey);
  named("192.0.2.2", "mail.example");
  EXPECT_THAT(reply(rcpt(connect("192.0.2.2", "198.51.100.1"))), HasSubstr("450 4.7.1 greylisted"));
  EXPECT_EQ(reply(rcpt(connect("192.0.2.2", "198.51.100.1"), "john@home.example", "")), "ok");
  open(grey);  // another gate over the same memory, an hour later
  EXPECT_EQ(reply(rcpt(connect("192.0.2.2", "198.51.100.1"))), "ok");
  EXPECT_THAT(reply(rcpt(connect("192.0.2.2", "198.51.100.1"), "jane@home.example")), HasSubstr("450"));
}

TEST_F(Clients, five_waits_that_ended_well_make_a_client_known_under_its_name) {
  open("greylist = \"defer\"\nwrong_mx = \"off\"");
  named("192.0.2.2", "mail.example");
  named("198.18.0.2", "mail.example");
  put("mail.example", dns::Type::a, ip("192.0.2.2"), ip("198.18.0.2"));
  for (const char* user : {"a", "b", "c", "d", "e"})
    EXPECT_THAT(reply(rcpt(connect("192.0.2.2", "198.51.100.1"), fmt::format("{}@home.example", user))),
                HasSubstr("450"));
  clock_.advance(std::chrono::minutes{5});
  for (const char* user : {"a", "b", "c", "d", "e"})
    EXPECT_EQ(reply(rcpt(connect("192.0.2.2", "198.51.100.1"), fmt::format("{}@home.example", user))), "ok");
  EXPECT_EQ(reply(rcpt(connect("192.0.2.2", "198.51.100.1"), "new@home.example")), "ok");
  EXPECT_EQ(reply(rcpt(connect("198.18.0.2", "198.51.100.1"), "new@home.example")), "ok")
      << "another network";
}

TEST_F(Clients, the_report_counts_clients_and_messages_once) {
  open("wrong_mx = \"defer\"");
  const auto spammer = connect("192.0.2.1", "198.51.100.2");
  gate_->mail(spammer);
  for (const char* user : {"a", "b", "c"}) {
    std::promise<void> answered;
    gate_->rcpt(spammer, {}, *mail::Address::parse(fmt::format("{}@home.example", user)), {},
                [&](const receive::Verdict&) { answered.set_value(); });
    answered.get_future().wait();
  }
  const control::ClientTestReport wrong = counted(policy::ClientTest::wrong_mx, 1);
  EXPECT_EQ(wrong.clients, 1U);
  EXPECT_EQ(wrong.messages, 1U);
  EXPECT_EQ(wrong.turned_away, 1U);
  EXPECT_EQ(wrong.action, "defer");
  ASSERT_THAT(wrong.examples, SizeIs(1));
  EXPECT_EQ(wrong.examples[0].client, "192.0.2.1");
  EXPECT_EQ(wrong.examples[0].place, "198.51.100.2");
  EXPECT_EQ(gate_->report({.domain = "other.example"}).clients, 0U);
}

TEST_F(Clients, who_spoke_early_is_told_by_each_domains_policy) {
  open("early_talker = \"defer\"");
  auto client = connect("192.0.2.1", "198.51.100.1");
  client.early = true;
  EXPECT_THAT(reply(rcpt(client)), HasSubstr("450 4.7.1 you spoke before"));
  EXPECT_EQ(reply(rcpt(client, "postmaster@home.example")), "ok");
  gate_->ended(client);
  (void)connect("192.0.2.1", "198.51.100.1");
  EXPECT_EQ(banner_delay_, Seconds{2}) << "it is waited for a little longer the next time";
}

TEST_F(Clients, who_was_refused_before_the_banner_is_counted_too) {
  open("early_talker = \"refuse\"");
  auto client = connect("192.0.2.1", "198.51.100.1");
  client.early = true;
  gate_->ended(client);
  const control::ClientTestReport early = counted(policy::ClientTest::early_talker, 1);
  EXPECT_EQ(early.turned_away, 1U);
}
}  // namespace
}  // namespace waybill::daemon
