#include "control/selector.h"

#include <gmock/gmock.h>

#include "control/query.h"

namespace waybill::control {
namespace {
using testing::HasSubstr;

SelectorText words(std::vector<std::string> given) {
  SelectorText text;
  text.words = std::move(given);
  return text;
}

TEST(Selector, words_are_ids_addresses_and_domains) {
  const std::string id = MessageId{123456789012345}.to_string();
  const auto selector = parse_selector(words({id, "User@EXAMPLE.org", "Example.NET"}));
  ASSERT_TRUE(selector) << selector.error().what;
  EXPECT_EQ(selector->message, MessageId{123456789012345});
  EXPECT_EQ(selector->recipient, "User@example.org");
  EXPECT_EQ(selector->domain, "example.net");
  EXPECT_EQ(parse_selector(words({"*.Example.org"}))->domain, "*.example.org");
}

TEST(Selector, words_that_are_none_of_these_are_refused) {
  for (const char* bad : {"nonsense", "@example.org", "", "a b", "-", "..", "*."}) {
    EXPECT_FALSE(parse_selector(words({bad}))) << bad;
  }
  EXPECT_FALSE(parse_selector(words({"a@example.org", "b@example.org"})));
  EXPECT_FALSE(parse_selector(words({"example.org", "example.net"})));
}

TEST(Selector, options_are_checked_and_normalised) {
  SelectorText text;
  text.from = "@EXAMPLE.org";
  text.host = "MX1.Example.org.";
  text.state = "held";
  text.older = "1h30m";
  text.younger = "2d";
  const auto selector = parse_selector(text);
  ASSERT_TRUE(selector);
  EXPECT_EQ(selector->sender, "@example.org");
  EXPECT_EQ(selector->host, "mx1.example.org");
  EXPECT_EQ(selector->older_than, Millis{5'400'000});
  EXPECT_EQ(describe(*selector),
            "sender @example.org, last host mx1.example.org, state held, older than 1h 30m, younger than 2d");
  text.from = "<>";
  EXPECT_EQ(parse_selector(text)->sender, "<>");
}

TEST(Selector, bad_options_are_named) {
  const auto error = [](std::string_view name, std::string value) {
    SelectorText text;
    EXPECT_TRUE(text.set(name, std::move(value)));
    const auto selector = parse_selector(text);
    EXPECT_FALSE(selector) << name;
    return selector ? std::string() : selector.error().what;
  };
  EXPECT_THAT(error("state", "delivered"), HasSubstr("state"));
  EXPECT_THAT(error("older", "5"), HasSubstr("older"));
  EXPECT_THAT(error("id", "x"), HasSubstr("id"));
  EXPECT_THAT(error("domain", "-bad-.example"), HasSubstr("domain"));
  EXPECT_THAT(error("from", "no-at-sign"), HasSubstr("from"));
  EXPECT_THAT(error("reply", std::string(2000, 'x')), HasSubstr("longer"));
  EXPECT_THAT(error("reply", std::string("a\0b", 3)), HasSubstr("NUL"));
  SelectorText both;
  both.older = "2h";
  both.younger = "1h";
  EXPECT_FALSE(parse_selector(both));
}

TEST(Selector, an_empty_or_repeated_field_never_widens_the_choice) {
  SelectorText text;
  EXPECT_FALSE(text.set("domain", ""));
  EXPECT_TRUE(text.set("domain", "a.example"));
  EXPECT_FALSE(text.set("domain", "b.example"));
  EXPECT_EQ(text.set("domian", "x").error().code, Errc::not_found);
  EXPECT_FALSE(text.set("all", "yes"));
}

TEST(Selector, all_alone_restricts_nothing) {
  SelectorText text;
  text.all = true;
  EXPECT_TRUE(parse_selector(text)->unrestricted());
  EXPECT_EQ(describe(*parse_selector(text)), "everything");
}

TEST(Query, round_trips_every_octet_that_utf8_allows) {
  const QueryFields fields{{"reply", "a&b=c+d %/?#\"'<>é"}, {"from", "<>"}};
  const auto target = parse_target(make_target("/v1/queue", fields));
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/queue");
  EXPECT_EQ(target->query, fields);
}

TEST(Query, refuses_what_is_broken) {
  for (const char* bad : {"/a?x=%", "/a?x=%4", "/a?x=%zz", "/%00", "/a?%ff=x"})
    EXPECT_FALSE(parse_target(bad)) << bad;
  std::string many = "/a?";
  for (int i = 0; i < 100; ++i) many += "a=b&";
  EXPECT_FALSE(parse_target(many));
  EXPECT_EQ(parse_target("/a?x=1+2&&y")->query, (QueryFields{{"x", "1 2"}, {"y", ""}}));
  EXPECT_EQ(parse_target("/a+b%41#frag")->path, "/a+bA");
}
}  // namespace
}  // namespace waybill::control
