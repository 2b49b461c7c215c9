#include "smtp/command.h"

#include <gtest/gtest.h>

#include "smtp/parameters.h"
#include "smtp/path.h"
#include "smtp/reply_writer.h"
#include "smtp/xtext.h"

namespace waybill::smtp {
namespace {
TEST(Command, verbs_have_no_case_and_trailing_space_is_tolerated) {
  EXPECT_EQ(parse_command("mAiL FROM:<>").verb, Verb::mail);
  EXPECT_EQ(parse_command("mAiL FROM:<>").argument, "FROM:<>");
  EXPECT_EQ(parse_command("QUIT  \t").verb, Verb::quit);
  EXPECT_EQ(parse_command("QUIT  ").argument, "");
  EXPECT_EQ(parse_command("").verb, Verb::unknown);
  EXPECT_EQ(parse_command("QUITS").verb, Verb::unknown);
  EXPECT_EQ(parse_command(" QUIT").verb, Verb::unknown);
}

TEST(Command, bdat) {
  EXPECT_EQ(parse_bdat("100")->size_octets, 100U);
  EXPECT_EQ(parse_bdat("100")->last, Last::no);
  EXPECT_EQ(parse_bdat("0 last")->last, Last::yes);
  for (const char* bad : {"", "x", "-1", "1 FIRST", "1x", "99999999999999999999", "9223372036854775808",
                          "1 LAST LAST", "0x10"}) {
    EXPECT_FALSE(parse_bdat(bad)) << bad;
  }
  EXPECT_TRUE(parse_bdat("9223372036854775807"));
}

TEST(Command, helo) {
  EXPECT_TRUE(parse_helo("client_1.example"));
  EXPECT_TRUE(parse_helo("[192.0.2.1]"));
  EXPECT_FALSE(parse_helo(""));
  EXPECT_FALSE(parse_helo("two words"));
  EXPECT_FALSE(parse_helo("b\xc3\xbc"));
  EXPECT_FALSE(parse_helo(std::string(256, 'a')));
}

TEST(Xtext, round_trip_and_errors) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(decode_xtext(encode_xtext(all)).value(), all);
  EXPECT_EQ(encode_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
  for (const char* bad : {"+", "+2", "+2b", "+GG", "a b", "a=b", "\x7f"})
    EXPECT_FALSE(decode_xtext(bad)) << bad;
}

TEST(Path, quoted_local_parts_hide_brackets_and_ats) {
  auto path = parse_path("<\"a>b@c\\\"d\"@x.example> SIZE=1", PathKind::forward);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->address->local, "a>b@c\"d");
  EXPECT_EQ(path->address->domain.text(), "x.example");
  EXPECT_EQ(path->rest, " SIZE=1");
}

TEST(Rfc, rfc_034_bad_literals_are_501) {
  for (const char* bad : {"<u@[2001:db8::1]>", "<u@[999.1.1.1]>", "<u@[Foo:x]>", "<u@[]>", "<u@[192.0.2.1>",
                          "<u@[IPv6:192.0.2.1]>"}) {
    const auto path = parse_path(bad, PathKind::forward);
    ASSERT_FALSE(path) << bad;
    EXPECT_EQ(path.error().code, 501);
  }
  EXPECT_EQ(parse_path("<u@[192.0.2.1]>", PathKind::forward)->address->domain.text(), "[192.0.2.1]");
  EXPECT_EQ(parse_path("<u@[IPv6:2001:db8::1]>", PathKind::forward)->address->domain.text(),
            "[IPv6:2001:db8::1]");
}

TEST(Rfc, rfc_031_a_final_dot_is_501_and_case_is_folded) {
  EXPECT_EQ(parse_path("<u@example.com.>", PathKind::forward).error().code, 501);
  EXPECT_EQ(parse_path("<u@EXAMPLE.com>", PathKind::forward)->address->domain.text(), "example.com");
}

TEST(Path, refuses_what_is_no_path) {
  for (const char* bad : {"",
                          "a@b.example",
                          "<a@b.example",
                          "<a@b.example>x",
                          "<a b@c.example>",
                          "<a@>",
                          "<@b.example>",
                          "<a.@b.example>",
                          "<.a@b.example>",
                          "<a..b@c.example>",
                          "<a@b@c.example>",
                          "<@a@b.example>",
                          "<a@b.example\r>",
                          "<@:u@c.example>",
                          "<@a.example,:u@c.example>",
                          "<\"a@b.example>",
                          "<\"a\"b@c.example>",
                          "<a@-b.example>",
                          "<a@b..example>",
                          "<postmaster>"}) {
    EXPECT_FALSE(parse_path(bad, PathKind::reverse)) << bad;
  }
  EXPECT_FALSE(parse_path("<>", PathKind::forward));
  EXPECT_TRUE(parse_path("<>", PathKind::reverse));
  EXPECT_EQ(parse_path("<bad", PathKind::reverse).error().enhanced.to_string(), "5.1.7");
  EXPECT_EQ(parse_path("<bad", PathKind::forward).error().enhanced.to_string(), "5.1.3");
}

TEST(Parameters, twice_malformed_and_unknown) {
  const auto code = [](std::string_view text) {
    const auto parsed = parse_mail(text, Extensions::offered);
    return parsed ? 250 : static_cast<int>(parsed.error().code);
  };
  EXPECT_EQ(code("FROM:<a@b.example> SIZE=1 SIZE=1"), 501);
  EXPECT_EQ(code("FROM:<a@b.example> SIZE"), 501);
  EXPECT_EQ(code("FROM:<a@b.example> SIZE=-1"), 501);
  EXPECT_EQ(code("FROM:<a@b.example> BODY=9BIT"), 501);
  EXPECT_EQ(code("FROM:<a@b.example> SMTPUTF8=1"), 501);
  EXPECT_EQ(code("FROM:<a@b.example> RET=SOME"), 501);
  EXPECT_EQ(code("FROM:<a@b.example> =x"), 501);
  EXPECT_EQ(code("FROM:<a@b.example> AUTH=<>"), 555);
  EXPECT_EQ(code("FROM:<a@b.example> REQUIRETLS"), 555);
  EXPECT_EQ(code("from: <a@b.example>  size=1  body=8bitmime"), 250);
  EXPECT_EQ(code("FROM <a@b.example>"), 501);
}

TEST(ReplyWriter, lines_status_and_hostile_text) {
  const auto write = [](mail::Reply reply, EnhancedCodes codes = EnhancedCodes::include) {
    std::string out;
    append_reply(out, reply, codes);
    return out;
  };
  EXPECT_EQ(write({550, {5, 1, 1}, "one\ntwo"}), "550-5.1.1 one\r\n550 5.1.1 two\r\n");
  EXPECT_EQ(write({550, {5, 1, 1}, "x\r250 ok"}), "550 5.1.1 x 250 ok\r\n");
  EXPECT_EQ(write({550, {5, 1, 1}, "x"}, EnhancedCodes::omit), "550 x\r\n");
  EXPECT_EQ(write({250, {}, ""}), "250 \r\n");
  EXPECT_EQ(write({250, {}, std::string(2000, 'x')}).size(), 512U);
}

TEST(Rfc, rfc_095_an_enhanced_class_that_differs_from_the_code_is_left_out) {
  std::string out;
  append_reply(out, {450, {5, 1, 1}, "x"}, EnhancedCodes::include);
  append_reply(out, {354, {3, 0, 0}, "x"}, EnhancedCodes::include);
  EXPECT_EQ(out, "450 x\r\n354 3.0.0 x\r\n");
}
}  // namespace
}  // namespace waybill::smtp
