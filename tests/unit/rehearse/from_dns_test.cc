#include "rehearse/from_dns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearse/engine.h"
#include "rehearse/summary.h"
#include "support/mail_world.h"

namespace waybill::rehearse {
namespace {
using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FromDns : public testing::Test {
 protected:
  FromDns() { request_.domain = domain("example.org"); }

  Surveyed survey() {
    dns::Facts facts;
    for (int round = 0; round < 10; ++round) {
      auto step = survey_world(request_, facts);
      if (auto* out = std::get_if<Surveyed>(&step)) return std::move(*out);
      for (const dns::Question& question : std::get<Questions<dns::Question>>(step))
        facts.put(question, world_.look_up(question));
    }
    ADD_FAILURE() << "it asks without end";
    return {};
  }
  Summary played(Scenario& scenario) {
    scenario.injections.push_back(
        {.from = "a@here.example", .to = {"u{n}@example.org"}, .count = 100, .every = Seconds{1}});
    Summarizer summary(scenario);
    const auto ended = run(scenario, summary);
    EXPECT_TRUE(ended) << (ended ? "" : ended.error().what);
    return summary.finish(ended ? ended->at : Millis{0});
  }

  MailWorld world_;
  route::Request request_;
};

TEST_F(FromDns, the_virtual_world_plans_as_the_real_one) {
  world_.mx("example.org", {{10, "mx1.example.org"}, {20, "mx2.example.net"}})
      .host("mx1.example.org", {"192.0.2.1", "2001:db8::1"})
      .host("mx2.example.net", {"198.51.100.2"});
  const Surveyed surveyed = survey();
  EXPECT_EQ(surveyed.plan.decision, route::Verdict::deliver);
  Scenario scenario;
  EXPECT_THAT(add_world(surveyed, scenario), IsEmpty());
  label_hosts(scenario);
  ASSERT_THAT(scenario.hosts, SizeIs(2));
  EXPECT_EQ(scenario.hosts[0].label, "mx1");
  EXPECT_EQ(scenario.hosts[1].label, "mx2");
  EXPECT_THAT(scenario.hosts[0].addresses, SizeIs(2));
  const Summary out = played(scenario);
  EXPECT_EQ(out.hosts[0].messages, 100u);
  EXPECT_EQ(out.hosts[1].messages, 0u);
}

TEST_F(FromDns, the_backup_takes_over_when_the_primary_is_down) {
  world_.mx("example.org", {{10, "mx1.example.org"}, {20, "mx2.example.net"}})
      .host("mx1.example.org", {"192.0.2.1"})
      .host("mx2.example.net", {"198.51.100.2"});
  Scenario scenario;
  (void)add_world(survey(), scenario);
  scenario.hosts[0].behaviours.push_back({.what = Behaviour::What::down});
  const Summary out = played(scenario);
  EXPECT_EQ(out.hosts[0].messages, 0u);
  EXPECT_EQ(out.hosts[1].messages, 100u);
}

TEST_F(FromDns, a_failed_answer_fails_there_too_and_is_named) {
  world_.mx("example.org", {{10, "mx1.example.org"}, {20, "mx2.example.net"}})
      .host("mx1.example.org", {"192.0.2.1"})
      .fails("mx2.example.net", dns::Type::a);
  Scenario scenario;
  const auto unknown = add_world(survey(), scenario);
  EXPECT_THAT(unknown, ElementsAre(HasSubstr("A mx2.example.net: SERVFAIL")));
  ASSERT_THAT(scenario.hosts, SizeIs(1));
  scenario.hosts[0].behaviours.push_back({.what = Behaviour::What::down});
  scenario.run = std::chrono::hours{12};
  const Summary out = played(scenario);
  EXPECT_EQ(out.delivered, 0u);
  EXPECT_EQ(out.bounced, 0u) << "what is unknown is no absence";
}

TEST_F(FromDns, nothing_known_of_the_mx_is_no_plan_to_deliver) {
  world_.fails("example.org", dns::Type::mx);
  EXPECT_EQ(survey().plan.decision, route::Verdict::defer);
}

TEST_F(FromDns, aliases_and_implicit_mx_come_over) {
  world_.alias("example.org", "real.example.net")
      .mx("real.example.net", {{10, "mx.example.net"}})
      .host("mx.example.net", {"192.0.2.1"});
  Scenario scenario;
  (void)add_world(survey(), scenario);
  const Summary out = played(scenario);
  EXPECT_EQ(out.delivered, 100u);
  EXPECT_EQ(out.hosts[0].messages, 100u);
}

TEST_F(FromDns, two_names_of_one_address_are_one_server) {
  world_.mx("example.org", {{10, "mx1.example.org"}, {20, "mx2.example.org"}})
      .host("mx1.example.org", {"192.0.2.1"})
      .host("mx2.example.org", {"192.0.2.1"});
  Scenario scenario;
  (void)add_world(survey(), scenario);
  ASSERT_THAT(scenario.hosts, SizeIs(1));
  EXPECT_EQ(played(scenario).delivered, 100u);
}

TEST_F(FromDns, we_ourselves_are_no_server_of_this_world) {
  world_.mx("example.org", {{10, "mx1.example.org"}, {20, "backup.example.net"}})
      .host("mx1.example.org", {"192.0.2.1"})
      .host("backup.example.net", {"192.0.2.20"});
  request_.role = route::Role::backup;
  request_.self.names.push_back(name("backup.example.net"));
  const Surveyed surveyed = survey();
  Scenario scenario;
  (void)add_world(surveyed, scenario);
  ASSERT_THAT(scenario.hosts, SizeIs(1));
  EXPECT_EQ(scenario.hosts[0].name, name("mx1.example.org"));
}

TEST_F(FromDns, dane_is_what_dnssec_proves_of_all_three) {
  world_.mx("example.org", {{10, "mx1.example.org"}, {20, "mx2.example.org"}})
      .host("mx1.example.org", {"192.0.2.1"})
      .host("mx2.example.org", {"192.0.2.2"});
  dns::Answer tlsa{.kind = dns::Kind::present, .secure = true, .ttl_s = 300};
  tlsa.records.push_back(
      {name("_25._tcp.mx1.example.org"), dns::Type::tlsa, 300, dns::Tlsa{3, 1, 1, std::string(32, 'x')}});
  world_.answer("_25._tcp.mx1.example.org", dns::Type::tlsa, tlsa);
  EXPECT_EQ(survey().hosts.at(0).dane, Dane::insecure) << "the MX answer is not signed";
  world_.secure();
  const Surveyed out = survey();
  EXPECT_EQ(out.hosts.at(0).dane, Dane::proven);
  EXPECT_EQ(out.hosts.at(1).dane, Dane::none);
  world_.fails("_25._tcp.mx2.example.org", dns::Type::tlsa);
  EXPECT_EQ(survey().hosts.at(1).dane, Dane::unknown);
}

}  // namespace
}  // namespace waybill::rehearse
