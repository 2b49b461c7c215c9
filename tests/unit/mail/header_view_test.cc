#include "mail/header_view.h"

#include <gmock/gmock.h>

#include "mail/line_ends.h"

namespace waybill::mail {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;

TEST(HeaderView, sees_fields_folds_and_body) {
  const HeaderView view("From: a@x\r\nSubject: one\r\n two\r\n\tthree\r\nTo:b@y\r\n\r\nbody\r\n");
  ASSERT_EQ(view.fields().size(), 3U);
  EXPECT_EQ(view.find("subject")->unfolded(), "one two\tthree");
  EXPECT_EQ(view.find("subject")->raw, "Subject: one\r\n two\r\n\tthree\r\n");
  EXPECT_EQ(view.find("subject")->value, " one\r\n two\r\n\tthree");
  EXPECT_EQ(view.find("TO")->value, "b@y");
  EXPECT_EQ(view.body(), "body\r\n");
  EXPECT_TRUE(view.has_separator());
  EXPECT_EQ(view.block(), "From: a@x\r\nSubject: one\r\n two\r\n\tthree\r\nTo:b@y\r\n");
}

TEST(HeaderView, reads_bare_line_feeds_and_an_unended_last_line) {
  const HeaderView view("From: a@x\nTo : b@y");
  ASSERT_EQ(view.fields().size(), 2U);
  EXPECT_EQ(view.fields()[1].name, "To");
  EXPECT_EQ(view.fields()[1].value, " b@y");
  EXPECT_FALSE(view.has_separator());
  EXPECT_THAT(view.body(), IsEmpty());
}

TEST(HeaderView, ends_at_a_line_that_is_no_field) {
  const HeaderView view("From: a@x\r\nHello world\r\nTo: b@y\r\n\r\nx");
  ASSERT_EQ(view.fields().size(), 1U);
  EXPECT_TRUE(view.malformed_line());
  EXPECT_EQ(view.body(), "Hello world\r\nTo: b@y\r\n\r\nx");
}

TEST(HeaderView, takes_a_body_without_a_header) {
  EXPECT_THAT(HeaderView("\r\nbody").fields(), IsEmpty());
  EXPECT_EQ(HeaderView("\r\nbody").body(), "body");
  EXPECT_THAT(HeaderView("").fields(), IsEmpty());
  EXPECT_TRUE(HeaderView(" folded first\r\n\r\n").malformed_line());
}

TEST(HeaderView, is_bounded) {
  std::string many;
  for (size_t i = 0; i < kHeaderFieldsMax + 10; ++i) many += "A: b\r\n";
  EXPECT_TRUE(HeaderView(many).truncated());
  EXPECT_EQ(HeaderView(many).fields().size(), kHeaderFieldsMax);
  std::string wide = "A: b\r\n";
  for (size_t i = 0; i < kHeaderOctetsMax; i += 100) wide += " " + std::string(97, 'x') + "\r\n";
  EXPECT_TRUE(HeaderView(wide + wide).truncated());
}

TEST(AddressList, takes_the_forms_of_rfc5322) {
  EXPECT_THAT(parse_address_list("a@x, B <b@y>, \"C, D\" <c@z> (note, too), (only a note)").addresses,
              ElementsAre("a@x", "b@y", "c@z"));
  EXPECT_THAT(parse_address_list("Friends: a@x, b@y;, c@z").addresses, ElementsAre("a@x", "b@y", "c@z"));
  EXPECT_THAT(parse_address_list("Undisclosed recipients:;").addresses, IsEmpty());
  EXPECT_THAT(parse_address_list("\"a b\"@x, <\"c>d\"@y>").addresses, ElementsAre("\"a b\"@x", "\"c>d\"@y"));
  EXPECT_THAT(parse_address_list("user @ example . org").addresses, ElementsAre("user@example.org"));
  EXPECT_THAT(parse_address_list("<@a,@b:user@c>").addresses, ElementsAre("user@c"));
  EXPECT_THAT(parse_address_list("a@x,\r\n\tb@y").addresses, ElementsAre("a@x", "b@y"));
  EXPECT_THAT(parse_address_list("a(nested (twice \\) ))@x").addresses, ElementsAre("a@x"));
}

TEST(AddressList, rejects_what_holds_no_address) {
  EXPECT_THAT(parse_address_list("John Smith, a@x").rejected, ElementsAre("John Smith"));
  EXPECT_THAT(parse_address_list("a@x, \"unclosed").rejected, ElementsAre("\"unclosed"));
  EXPECT_THAT(parse_address_list("a@x <b@y").addresses, IsEmpty());
  EXPECT_THAT(parse_address_list("<>").rejected, ElementsAre("<>"));
  EXPECT_THAT(parse_address_list(" , ,, ").rejected, IsEmpty());
}

TEST(AddressList, is_bounded) {
  std::string many;
  for (int i = 0; i < 50; ++i) many += "a@x,";
  const AddressList list = parse_address_list(many, 10);
  EXPECT_EQ(list.addresses.size(), 10U);
  EXPECT_TRUE(list.truncated);
  EXPECT_THAT(parse_address_list(std::string(100'000, '(')).addresses, IsEmpty());
}

TEST(LineEnds, become_crlf) {
  EXPECT_EQ(to_crlf("a\nb\r\nc\rd\n\n\r\r\n"), "a\r\nb\r\nc\r\nd\r\n\r\n\r\n\r\n");
  EXPECT_EQ(to_crlf("a"), "a");
  EXPECT_EQ(to_crlf("\r"), "\r\n");
  EXPECT_TRUE(has_clean_line_ends("a\r\n\r\nb"));
  EXPECT_FALSE(has_clean_line_ends("a\r"));
  EXPECT_FALSE(has_clean_line_ends("\n"));
  EXPECT_FALSE(has_clean_line_ends("a\r\r\n"));
}
}  // namespace
}  // namespace waybill::mail
