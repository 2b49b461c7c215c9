// [route]: one table or several, conditions, ways in order, actions, credentials.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"

namespace waybill::config {
namespace {
using testing::HasSubstr;

Config good(const std::string& text) {
  auto parsed = parse(text, "/etc/waybill/t.toml");
  if (!parsed) {
    ADD_FAILURE() << parsed.error().front().to_string();
    return {};
  }
  return *parsed;
}

std::string fault(const std::string& text) {
  const auto parsed = parse(text, "t.toml");
  return parsed ? std::string("(none)") : parsed.error().front().to_string();
}

TEST(ParseRoute, several_tables_of_one_pattern_keep_their_order) {
  const Config config = good(R"([[route."*"]]
via = ["[a.example]:25", "mx"]
senders = ["@sales.example", "<>"]
listeners = ["submission", "127.0.0.1:587"]

[[route."*"]]
via = "hold"
senders = ["*.example.net"]

[route."x.example"]
via = "discard"
)");
  ASSERT_EQ(config.routes.size(), 4U) << "and the built-in one behind";
  EXPECT_EQ(config.routes[0].pattern, "x.example");
  EXPECT_EQ(config.routes[0].via.action, RouteAction::discard);
  EXPECT_EQ(config.routes[1].via.to_string(), "[a.example]:25, mx");
  EXPECT_EQ(config.routes[1].senders.size(), 2U);
  EXPECT_EQ(config.routes[1].listeners.size(), 2U);
  EXPECT_EQ(config.routes[1].position, "route.\"*\"[0]");
  EXPECT_EQ(config.positions.find("route.\"*\"[1].senders").line, 8U);
  EXPECT_EQ(config.routes[2].via.action, RouteAction::hold);
  EXPECT_EQ(config.routes[3].via.to_string(), "mx");
  EXPECT_FALSE(config.routes[3].conditional());
  EXPECT_EQ(config.find_route(mail::Domain::parse("d.example").value())->via.to_string(), "mx");
}

TEST(ParseRoute, a_refusal_has_a_text) {
  const Config config = good("[route.\"x.example\"]\nvia = 'refuse \"we have moved\"'\n");
  EXPECT_EQ(config.routes[0].via.action, RouteAction::refuse);
  EXPECT_EQ(config.routes[0].via.text, "we have moved");
  EXPECT_EQ(config.routes[0].via.to_string(), "refuse \"we have moved\"");
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"refuse\"\n"), HasSubstr("needs a text"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"refuse l\xc3\xa4ngst\"\n"), HasSubstr("ASCII"));
}

TEST(ParseRoute, credentials_for_hosts_that_the_route_names) {
  const Config config = good(
      "[route.\"*\"]\nvia = \"[relay.example]:587\"\nauth = { user = \"joe\", password_file = \"relay.pw\" "
      "}\n"
      "tls = \"encrypt\"\nca_file = \"roots.pem\"\n");
  ASSERT_TRUE(config.routes[0].auth.has_value());
  EXPECT_EQ(config.routes[0].auth->user, "joe");
  EXPECT_EQ(config.routes[0].auth->password_file, "/etc/waybill/relay.pw");
  EXPECT_EQ(config.routes[0].tls, RouteTls::encrypt);
  EXPECT_EQ(config.routes[0].ca_file, "/etc/waybill/roots.pem");
  const std::string auth = "auth = { user = \"joe\", password_file = \"relay.pw\" }\n";
  for (const char* via : {"mx", "relay.example", "discard", "hold"})
    EXPECT_THAT(fault("[route.\"*\"]\nvia = \"" + std::string(via) + "\"\n" + auth),
                HasSubstr("names itself"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = [\"[relay.example]\", \"mx\"]\n" + auth),
              HasSubstr("names itself"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"mx\"\ntls = \"verify\"\n"), HasSubstr("names itself"));
}

TEST(ParseRoute, a_password_does_not_stand_in_the_file_and_no_message_shows_it) {
  const std::string said = fault(
      "[route.\"*\"]\nvia = \"[relay.example]\"\nauth = { user = \"joe\", password = \"open sesame\" }\n");
  EXPECT_THAT(said, HasSubstr("password_file"));
  EXPECT_THAT(said, testing::Not(HasSubstr("sesame")));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"[a.example]\"\nauth = { user = \"joe\" }\n"), HasSubstr("needs"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"[a.example]\"\nauth = \"joe\"\n"), HasSubstr("a table"));
}

TEST(ParseRoute, lists_that_make_no_sense) {
  EXPECT_THAT(fault("[route.\"*\"]\nvia = []\n"), HasSubstr("1 to 16"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = [\"[a.example]\", \"hold\"]\n"), HasSubstr("stands alone"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = [\"[a.example]\", \"[a.example]\"]\n"), HasSubstr("twice"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"mx\"\nsenders = [\"nobody\"]\n"), HasSubstr("senders[0]"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"mx\"\nlisteners = [\"smtp\"]\n"), HasSubstr("listeners[0]"));
  EXPECT_THAT(fault("[route]\n\"*\" = [1, 2]\n"), HasSubstr("write [route."));
  EXPECT_THAT(fault("hostname = \"me.example\"\n[[route.\"*\"]]\nvia = [\"mx\", \"[me.example]\"]\n"),
              HasSubstr("loop"));
}

}  // namespace
}  // namespace waybill::config
