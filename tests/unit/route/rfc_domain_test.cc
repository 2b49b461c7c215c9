// Conformance 31-36: what stands to the right of the @, and what the route table makes of it.
#include <gmock/gmock.h>

#include "route/table.h"
#include "support/mail_world.h"

namespace waybill::route {
namespace {
using namespace test;
using testing::ElementsAre;

TEST(Rfc, rfc_031_case_does_not_matter_and_a_final_dot_is_no_address) {
  MailWorld world;
  world.mx("example.com", {{10, "MX.Example.COM"}}).host("mx.example.com", {"192.0.2.1"});
  EXPECT_THAT(hosts_of(world.plan("EXAMPLE.com")), ElementsAre("mx.example.com"));
  EXPECT_EQ(name("EXAMPLE.com"), name("example.com."));
  EXPECT_FALSE(mail::Address::parse("u@example.com."));
}

TEST(Rfc, rfc_032_u_labels_become_a_labels_before_the_lookup) {
  MailWorld world;
  world.mx("xn--bcher-kva.example", {{10, "mx.example"}}).host("mx.example", {"192.0.2.1"});
  EXPECT_EQ(world.plan("bücher.example").decision, Verdict::deliver);
  EXPECT_TRUE(world.was_asked("xn--bcher-kva.example", dns::Type::mx));
  EXPECT_FALSE(
      mail::Domain::parse("bü\xff"
                          "cher.example"));
  EXPECT_FALSE(mail::Domain::parse("\u0378.example")) << "unassigned code point";
}

TEST(Rfc, rfc_033_address_literals_go_direct_without_dns) {
  for (const auto& [text, address] :
       {std::pair{"[192.0.2.1]", "192.0.2.1"}, {"[IPv6:2001:db8::1]", "2001:db8::1"}}) {
    MailWorld world;
    const Plan plan = world.plan(text);
    EXPECT_EQ(plan.decision, Verdict::deliver);
    EXPECT_EQ(plan.source, HostSource::literal);
    EXPECT_THAT(ips_of(plan), ElementsAre(address));
    EXPECT_EQ(plan.attempts[0].host, "");
    EXPECT_EQ(plan.site_key, fmt::format("{}:25", text));
    EXPECT_TRUE(world.asked().empty());
  }
}

TEST(Rfc, rfc_033_a_literal_of_our_own_is_a_loop_and_loopback_is_refused) {
  MailWorld world;
  Plan plan = world.plan({.domain = domain("[192.0.2.1]"), .self = {.addresses = {ip("192.0.2.1")}}});
  EXPECT_EQ(plan.enhanced.to_string(), "5.4.6");
  plan = world.plan("[127.0.0.1]");
  EXPECT_EQ(plan.decision, Verdict::bounce);
  EXPECT_EQ(plan.why, Why::reserved_only);
}

TEST(Rfc, rfc_034_malformed_literals_are_no_addresses) {
  for (const char* text : {"u@[2001:db8::1]", "u@[999.1.1.1]", "u@[Foo:x]", "u@[IPv6:192.0.2.1]", "u@[]"}) {
    EXPECT_FALSE(mail::Address::parse(text)) << text;
  }
}

TEST(Rfc, rfc_035_a_single_label_is_asked_as_it_stands) {
  MailWorld world;
  world.mx("corp", {{10, "mx.corp"}}).host("mx.corp", {"192.0.2.1"});
  EXPECT_EQ(world.plan("corp").decision, Verdict::deliver);
  for (const dns::Question& question : world.asked()) {
    EXPECT_TRUE(question.name == name("corp") || question.name == name("mx.corp"))
        << question.name.to_string();
  }
}

Plan plan_via(MailWorld& world, std::string_view via, Self self = {}) {
  const auto parsed = Way::parse(via);
  if (!parsed) throw std::invalid_argument(parsed.error().what);
  return world.plan({.domain = domain("example.org"), .self = std::move(self), .way = *parsed});
}

TEST(Rfc, rfc_036_bracketed_host_means_addresses_only) {
  MailWorld world;
  world.mx("relay.example", {{10, "mx.relay.example"}}).host("relay.example", {"192.0.2.1"});
  const Plan plan = plan_via(world, "[relay.example]:587");
  EXPECT_EQ(plan.source, HostSource::route);
  EXPECT_THAT(ips_of(plan), ElementsAre("192.0.2.1"));
  EXPECT_EQ(plan.attempts[0].port, 587);
  EXPECT_EQ(world.asked_of_type(dns::Type::mx), 0U);
}

TEST(Rfc, rfc_036_plain_host_means_its_mx) {
  MailWorld world;
  world.mx("relay.example", {{10, "mx.relay.example"}}).host("mx.relay.example", {"192.0.2.2"});
  const Plan plan = plan_via(world, "relay.example:2525");
  EXPECT_THAT(hosts_of(plan), ElementsAre("mx.relay.example"));
  EXPECT_EQ(plan.attempts[0].port, 2525);
  EXPECT_FALSE(world.was_asked("example.org", dns::Type::mx));
}

TEST(Rfc, rfc_036_bracketed_address_is_a_literal) {
  MailWorld world;
  Plan plan = plan_via(world, "[2001:db8::1]:587");
  EXPECT_THAT(ips_of(plan), ElementsAre("2001:db8::1"));
  EXPECT_EQ(plan.attempts[0].port, 587);
  EXPECT_EQ(plan.source, HostSource::route);
  plan = plan_via(world, "[127.0.0.1]:10025", {.addresses = {ip("127.0.0.1")}});
  EXPECT_EQ(plan.decision, Verdict::deliver) << "a filter on this very host";
  EXPECT_TRUE(world.asked().empty());
}

TEST(Rfc, rfc_036_via_strings_and_their_errors) {
  for (const char* text : {"mx", "relay.example", "relay.example:2525", "[relay.example]",
                           "[relay.example]:587", "[192.0.2.1]", "[192.0.2.1]:26", "[2001:db8::1]:587"}) {
    const auto via = Via::parse(text);
    ASSERT_TRUE(via) << text << ": " << via.error().what;
    EXPECT_EQ(via->to_string(), text);
  }
  EXPECT_EQ(Via::parse("[IPv6:2001:db8::1]:25")->to_string(), "[2001:db8::1]:25");
  EXPECT_EQ(Via::parse("[bücher.example]")->to_string(), "[xn--bcher-kva.example]");
  for (const char* text :
       {"", "[", "[]", "[relay.example", "[relay.example]587", "[relay.example]:", "[relay.example]:0",
        "[relay.example]:65536", "[relay.example]:25x", "192.0.2.1", "2001:db8::1", "2001:db8::1:587",
        "[999.1.1.1]", "relay..example", "relay.example:", "a b", "[[::1]]", ":25"}) {
    const auto via = Via::parse(text);
    ASSERT_FALSE(via) << text << " became " << via->to_string();
    EXPECT_EQ(via.error().code, Errc::invalid);
  }
}

TEST(Routes, a_broken_static_route_defers_because_the_fault_is_ours) {
  MailWorld world;
  world.mx("null.example", {{0, "."}}).host("me.example", {"192.0.2.9"});
  for (const char* via : {"[gone.example]:587", "gone.example", "null.example"}) {
    const Plan plan = plan_via(world, via);
    EXPECT_EQ(plan.decision, Verdict::defer) << via;
    EXPECT_EQ(plan.why, Why::bad_route);
    EXPECT_EQ(plan.enhanced.to_string(), "4.3.5");
  }
  for (const char* via : {"[me.example]", "[192.0.2.9]:25"}) {
    const Plan plan = plan_via(world, via, {.addresses = {ip("192.0.2.9")}});
    EXPECT_EQ(plan.decision, Verdict::defer) << via;
    EXPECT_TRUE(plan.attempts.empty());
  }
}

TEST(Routes, the_most_specific_pattern_wins) {
  RouteTable table;
  ASSERT_TRUE(table.add("*", "[default.example]"));
  ASSERT_TRUE(table.add("*.example.org", "[wild.example]"));
  ASSERT_TRUE(table.add("*.deep.example.org", "[deep.example]"));
  ASSERT_TRUE(table.add("Example.ORG", "[exact.example]"));
  ASSERT_TRUE(table.add("[192.0.2.1]", "[literal.example]"));
  const auto via = [&](std::string_view text) { return table.find(domain(text), Role::foreign).to_string(); };
  EXPECT_EQ(via("example.org"), "[exact.example]");
  EXPECT_EQ(via("a.example.org"), "[wild.example]");
  EXPECT_EQ(via("a.b.example.org"), "[wild.example]");
  EXPECT_EQ(via("deep.example.org"), "[wild.example]") << "a wildcard does not cover its own base";
  EXPECT_EQ(via("x.deep.example.org"), "[deep.example]");
  EXPECT_EQ(via("notexample.org"), "[default.example]");
  EXPECT_EQ(via("[192.0.2.1]"), "[literal.example]");
  EXPECT_EQ(via("[192.0.2.2]"), "[default.example]");
  EXPECT_EQ(table.match(domain("a.example.org"), Role::foreign), "*.example.org");
}

TEST(Rfc, rfc_037_no_route_applies_to_mail_that_is_held_as_a_backup) {
  RouteTable table;
  ASSERT_TRUE(table.add("*", "[smarthost.example]"));
  ASSERT_TRUE(table.add("example.org", "[inside.example]"));
  EXPECT_EQ(table.find(domain("example.org"), Role::backup), Way{});
  EXPECT_EQ(table.match(domain("example.org"), Role::backup), "");
  EXPECT_EQ(table.find(domain("example.org"), Role::foreign).to_string(), "[inside.example]");
}

TEST(Routes, an_empty_table_means_mx_and_bad_entries_are_refused) {
  RouteTable table;
  EXPECT_EQ(table.find(domain("example.org"), Role::foreign), Way{});
  EXPECT_EQ(table.match(domain("example.org"), Role::foreign), "");
  for (const char* pattern :
       {"", "**", "*.", "*.*", "a.*", "*example.org", "*.[192.0.2.1]", "example.org."}) {
    EXPECT_FALSE(table.add(pattern, "mx")) << pattern;
  }
  EXPECT_FALSE(table.add("*", "nonsense:"));
  ASSERT_TRUE(table.add("*.bücher.example", "mx"));
  const auto again = table.add("*.xn--bcher-kva.example", "mx");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::exists);
}
}  // namespace
}  // namespace waybill::route
