// The route table's conditions: who wins, who is passed over, and why.
#include "route/table.h"

#include <gmock/gmock.h>

#include "support/mail_world.h"

namespace waybill::route {
namespace {
using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

Entry entry(std::string pattern, std::string_view way, std::vector<std::string> senders = {},
            std::vector<std::string> listeners = {}) {
  Entry out;
  out.pattern = std::move(pattern);
  out.way = Way::parse(way).value();
  for (const std::string& one : senders) out.senders.push_back(mail::SenderPattern::parse(one).value());
  for (const std::string& one : listeners) out.listeners.push_back(mail::ListenerPattern::parse(one).value());
  return out;
}

Query query(std::string_view to, std::string_view from, std::string listener = "mx 192.0.2.1:25") {
  Query out;
  out.domain = domain(to);
  out.sender = from.empty() ? mail::ReversePath{} : mail::ReversePath{mail::Address::parse(from).value()};
  out.listener = std::move(listener);
  return out;
}

RouteTable table_of(std::vector<Entry> entries) {
  RouteTable out;
  for (Entry& one : entries) EXPECT_TRUE(out.add(std::move(one)));
  return out;
}

TEST(RouteTable, of_one_patterns_entries_the_first_counts_whose_conditions_hold) {
  const RouteTable table =
      table_of({entry("*", "[sales.example]", {"@sales.example"}),
                entry("*", "[out.example]", {}, {"submission"}), entry("*", "[default.example]")});
  const auto way = [&](const Query& asked) { return table.choose(asked).way.to_string(); };
  EXPECT_EQ(way(query("d.example", "a@sales.example")), "[sales.example]");
  EXPECT_EQ(way(query("d.example", "a@sales.example", "submission 192.0.2.1:587")), "[sales.example]");
  EXPECT_EQ(way(query("d.example", "a@other.example", "submission 192.0.2.1:587")), "[out.example]");
  EXPECT_EQ(way(query("d.example", "a@other.example")), "[default.example]");
  EXPECT_EQ(way(query("d.example", "")), "[default.example]");
}

TEST(RouteTable, both_conditions_must_hold) {
  const RouteTable table =
      table_of({entry("*", "[both.example]", {"@sales.example"}, {"submission"}), entry("*", "mx")});
  EXPECT_EQ(table.choose(query("d.example", "a@sales.example")).way, Way{});
  EXPECT_EQ(table.choose(query("d.example", "a@sales.example", "submission 192.0.2.1:587")).way.to_string(),
            "[both.example]");
}

TEST(RouteTable, a_pattern_none_of_whose_entries_applies_leaves_it_to_the_next_wider) {
  const RouteTable table =
      table_of({entry("*", "[default.example]"), entry("*.example.org", "[below.example]"),
                entry("a.example.org", "[exact.example]", {"@sales.example"})});
  const Choice choice = table.choose(query("a.example.org", "x@other.example"));
  EXPECT_EQ(choice.way.to_string(), "[below.example]");
  ASSERT_EQ(choice.considered.size(), 2U);
  EXPECT_EQ(choice.considered[0].entry->pattern, "a.example.org");
  EXPECT_THAT(choice.considered[0].passed_over, HasSubstr("<x@other.example>"));
  EXPECT_EQ(choice.considered[1].passed_over, "");
}

TEST(RouteTable, what_is_not_known_meets_no_condition) {
  const RouteTable table = table_of(
      {entry("*", "[a.example]", {"<>"}), entry("*", "[b.example]", {}, {"mx"}), entry("*", "[c.example]")});
  Query unknown = query("d.example", "");
  unknown.sender.reset();
  unknown.listener.clear();
  const Choice choice = table.choose(unknown);
  EXPECT_EQ(choice.way.to_string(), "[c.example]");
  EXPECT_THAT(choice.considered.at(0).passed_over, HasSubstr("the sender is not known"));
  EXPECT_THAT(choice.considered.at(1).passed_over, HasSubstr("the listener is not known"));
}

TEST(RouteTable, released_mail_passes_what_holds_and_nothing_else) {
  const RouteTable table =
      table_of({entry("example.org", "hold"), entry("*.org", "discard"), entry("*", "mx")});
  Query asked = query("example.org", "a@b.example");
  EXPECT_EQ(table.choose(asked).way.kind, Way::Kind::hold);
  asked.released = true;
  EXPECT_EQ(table.choose(asked).way.kind, Way::Kind::discard);
}

TEST(RouteTable, nothing_follows_an_entry_that_takes_all) {
  RouteTable table;
  EXPECT_TRUE(table.add(entry("*", "mx", {"<>"})));
  EXPECT_TRUE(table.add(entry("*", "mx")));
  EXPECT_EQ(table.add(entry("*", "discard", {"<>"})).error().code, Errc::exists);
  EXPECT_EQ(table.size(), 2U);
}

TEST(RouteTable, explains_what_it_took_and_what_it_passed_over) {
  const RouteTable table =
      table_of({entry("*", "[a.example]", {"@x.example"}), entry("*", "[b.example]:587")});
  const Query asked = query("d.example", "s@y.example");
  Plan plan;
  plan.steps.push_back({"later", "", "later"});
  explain(table.choose(asked), asked, plan);
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_EQ(plan.steps[0].rule, "route.passed");
  EXPECT_THAT(plan.steps[0].text, HasSubstr("@x.example"));
  EXPECT_EQ(plan.steps[1].rule, "route.table");
  EXPECT_THAT(plan.steps[1].text, HasSubstr("[b.example]:587"));
  Query backup = asked;
  backup.role = Role::backup;
  Plan other;
  explain(table.choose(backup), backup, other);
  EXPECT_EQ(other.steps.at(0).rule, "route.backup");
}

TEST(Way, reads_back_what_it_prints) {
  for (const char* text : {"mx", "relay.example", "[a.example]:25, [b.example]:25", "[a.example], mx",
                           "discard", "hold", "refuse \"we have moved\""})
    EXPECT_EQ(Way::parse(text)->to_string(), text);
  EXPECT_EQ(Way::parse("refuse we have moved")->text, "we have moved");
  for (const char* text : {"", "refuse", "refuse \"\"", "refuse \"a\nb\"", "[a.example],", ",mx",
                           "discard, mx", "refuse \"\xc3\xa4\""})
    EXPECT_FALSE(Way::parse(text)) << text;
  std::string many = "[a0.example]";
  for (int n = 1; n < 17; ++n) many += fmt::format(", [a{}.example]", n);
  EXPECT_FALSE(Way::parse(many)) << "17 ways";
}

void add_two_hosts(MailWorld& world) {
  world.host("a.example", {"192.0.2.1"}).host("b.example", {"192.0.2.2"});
  world.mx("d.example", {{10, "mx.d.example"}}).host("mx.d.example", {"192.0.2.3"});
}

Plan plan_way(MailWorld& world, std::string_view way) {
  return world.plan({.domain = domain("d.example"), .way = Way::parse(way).value()});
}

std::vector<std::string> places(const Plan& plan) {
  std::vector<std::string> out;
  for (const Attempt& one : plan.attempts)
    out.push_back(fmt::format("{} {}", one.via, Endpoint{one.ip, one.port}.to_string()));
  return out;
}

TEST(Ways, in_their_order_hosts_and_mx_alike) {
  MailWorld world;
  add_two_hosts(world);
  const Plan plan = plan_way(world, "[b.example]:2525, [a.example], mx");
  EXPECT_EQ(plan.decision, Verdict::deliver);
  EXPECT_THAT(places(plan), ElementsAre("0 192.0.2.2:2525", "1 192.0.2.1:25", "2 192.0.2.3:25"));
  EXPECT_EQ(plan.attempts[0].first_share, 1);
  EXPECT_EQ(plan.attempts[1].first_share, 0);
  EXPECT_EQ(plan.site_key, "b.example:2525 then a.example:25 then mx.d.example:25");
}

TEST(Ways, one_that_leads_nowhere_leaves_it_to_the_others) {
  MailWorld world;
  add_two_hosts(world);
  world.fails("c.example", dns::Type::a).fails("c.example", dns::Type::aaaa);
  for (const char* way :
       {"[c.example], [a.example]", "[nowhere.example], [a.example]", "[a.example], [c.example]"}) {
    const Plan plan = plan_way(world, way);
    EXPECT_EQ(plan.decision, Verdict::deliver) << way;
    EXPECT_EQ(plan.attempts.size(), 1U) << way;
    EXPECT_EQ(plan.attempts[0].host, "a.example") << way;
  }
}

TEST(Ways, only_what_every_way_rules_out_bounces) {
  MailWorld world;
  world.mx("d.example", {{0, "."}});  // RFC 7505: takes no mail
  EXPECT_EQ(plan_way(world, "mx").decision, Verdict::bounce);
  const Plan mixed = plan_way(world, "mx, [nowhere.example]");
  EXPECT_EQ(mixed.decision, Verdict::defer) << "our own table is at fault";
  EXPECT_EQ(mixed.enhanced.to_string(), "4.3.5");
  world.fails("c.example", dns::Type::a).fails("c.example", dns::Type::aaaa);
  EXPECT_EQ(plan_way(world, "mx, [c.example]").decision, Verdict::defer) << "c is unknown, not missing";
}

TEST(Ways, actions_ask_no_dns) {
  MailWorld world;
  const Plan discarded = plan_way(world, "discard");
  EXPECT_EQ(discarded.decision, Verdict::discard);
  EXPECT_EQ(discarded.outcome().fate, mail::Fate::discarded);
  EXPECT_EQ(plan_way(world, "hold").outcome().fate, mail::Fate::held);
  const Plan refused = plan_way(world, "refuse \"we have moved\"");
  EXPECT_EQ(refused.outcome().fate, mail::Fate::rejected);
  EXPECT_EQ(refused.outcome().reply.to_string(), "550 5.7.1 we have moved");
  EXPECT_TRUE(world.asked().empty());
}

}  // namespace
}  // namespace waybill::route
