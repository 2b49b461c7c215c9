// The shapes of files: logical lines, tables, aliases, lists, main.cf's parameters.
#include <gmock/gmock.h>

#include "config/import/lines.h"
#include "config/import/main_cf.h"
#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {
using testing::ElementsAre;

TEST(LogicalLines, continue_over_comments_and_empty_lines) {
  EXPECT_THAT(logical_lines("a = 1\n# c\n\n  2\n\tb\nc\r\n   # not this\n"),
              ElementsAre(Line{1, "a = 1 2 b"}, Line{6, "c"}));
  EXPECT_THAT(logical_lines("   first line indented"), ElementsAre(Line{1, "first line indented"}));
  EXPECT_THAT(logical_lines(""), ElementsAre());
}

TEST(Pairs, of_tables_and_aliases) {
  EXPECT_THAT(table_pairs("a.example \t smtp:[b]\nalone\n"),
              ElementsAre(Pair{1, "a.example", "smtp:[b]"}, Pair{2, "alone", ""}));
  EXPECT_THAT(alias_pairs("a: b, c\n\"x : y\": z\nnothing\n"),
              ElementsAre(Pair{1, "a", "b, c"}, Pair{2, "x : y", "z"}, Pair{3, "nothing", ""}));
}

TEST(ListItems, braces_and_quotes_hold_together) {
  EXPECT_THAT(list_items("a, b\tc ,, {d e, f} \"g h\" inline:{x=y, z=w}"),
              ElementsAre("a", "b", "c", "{d e, f}", "\"g h\"", "inline:{x=y, z=w}"));
  EXPECT_THAT(list_items("{a b"), ElementsAre("{a b"));
}

TEST(MainCf, expands_names_in_every_form) {
  const MainCf main("a = 1\nb = $a${a}$(a)$$x\nb2=$nothing.\nmyhostname=mail.example.org\na = 2\n", "main.cf",
                    "h");
  EXPECT_EQ(main.value("b").value(), "222$x") << "the last setting counts";
  EXPECT_EQ(main.value("b2").value(), ".");
  EXPECT_EQ(main.value("mydestination").value(), "mail.example.org, localhost.example.org, localhost");
  EXPECT_EQ(main.origin("b").to_string(), "main.cf:2: b = $a${a}$(a)$$x");
  EXPECT_FALSE(main.expand("${a?yes}"));
  EXPECT_FALSE(main.expand("${a"));
  EXPECT_FALSE(main.expand("$-"));
  EXPECT_EQ(MainCf("", "m", "x.y.example").value("mydomain").value(), "y.example");
}

TEST(PostfixTime, units) {
  EXPECT_EQ(postfix_time("5", 'd'), std::chrono::days{5});
  EXPECT_EQ(postfix_time("90m", 's'), std::chrono::minutes{90});
  EXPECT_EQ(postfix_time("2w", 's'), std::chrono::weeks{2});
  for (const char* text : {"", "x", "5y", "5dd", "-1", "99999999999999999999d"})
    EXPECT_EQ(postfix_time(text, 's'), std::nullopt) << text;
}

TEST(NetworkOf, forms_of_mynetworks) {
  EXPECT_EQ(network_of("192.0.2.1")->to_string(), "192.0.2.1/32");
  EXPECT_EQ(network_of("[2001:db8::]/32")->to_string(), "2001:db8::/32");
  EXPECT_EQ(network_of("[::1/128]")->to_string(), "::1/128");
  EXPECT_EQ(network_of("[::ffff:127.0.0.0]/104")->to_string(), "127.0.0.0/8");
  for (const char* text : {"", "example.org", "192.0.2.0/33", "[::ffff:127.0.0.0]/9999999999", "1.2.3"})
    EXPECT_FALSE(network_of(text)) << text;
}
}  // namespace
}  // namespace waybill::config::moving
