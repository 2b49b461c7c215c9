#include "mail/address.h"

#include <gtest/gtest.h>

namespace waybill::mail {
namespace {
TEST(Address, parses_and_writes_what_people_type) {
  EXPECT_EQ(Address::parse("John.Doe@Example.ORG")->to_string(), "John.Doe@example.org");
  EXPECT_EQ(Address::parse("\"a b\"@example.org")->local, "a b");
  EXPECT_EQ(Address::parse("\"a b\"@example.org")->to_string(), "\"a b\"@example.org");
  EXPECT_EQ(Address::parse("\"simple\"@example.org")->to_string(), "simple@example.org");
  EXPECT_EQ(Address::parse("\"q\\\"\\\\\"@example.org")->to_string(), "\"q\\\"\\\\\"@example.org");
  EXPECT_EQ(Address::parse("\"a@b\"@example.org")->domain.text(), "example.org");
  EXPECT_EQ(Address::parse("\"\"@example.org")->to_string(), "\"\"@example.org");
}

TEST(Address, refuses_what_is_none) {
  for (const char* bad : {"",
                          "a",
                          "@b",
                          "a@",
                          "a b@c.example",
                          "a@b c",
                          "a@b@c.example",
                          "a..b@c.example",
                          ".a@c.example",
                          "a.@c.example",
                          "\"a@c.example",
                          "\"a\"b\"@c.example",
                          "\"a\\\"@c.example",
                          "a@c.example.",
                          "a@.c",
                          "a@-c.example",
                          "a@c-.example",
                          "<a@c.example>",
                          "a\x01@c.example",
                          "\"a\r\nb\"@c.example",
                          "a\xff@c.example",
                          "a@c\xff.example",
                          "a@[1.2.3]",
                          "a@[1.2.3.4",
                          "(x)a@c.example",
                          "a,b@c.example"}) {
    EXPECT_FALSE(Address::parse(bad)) << bad;
  }
}

TEST(Address, limits) {
  EXPECT_TRUE(Address::parse(std::string(64, 'a') + "@c.example"));
  EXPECT_FALSE(Address::parse(std::string(65, 'a') + "@c.example"));
  EXPECT_TRUE(Domain::parse(std::string(63, 'a') + ".example"));
  EXPECT_FALSE(Domain::parse(std::string(64, 'a') + ".example"));
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  EXPECT_TRUE(Domain::parse(longest + "a"));
  EXPECT_FALSE(Domain::parse(longest + "aa"));
  EXPECT_FALSE(Domain::parse(std::string(100'000, 'a')));
}

TEST(Rfc, rfc_032_u_labels_become_a_labels_and_bad_ones_are_refused) {
  EXPECT_EQ(Domain::parse("B\xc3\xbc"
                          "cher.example")
                ->text(),
            "xn--bcher-kva.example");
  EXPECT_FALSE(
      Domain::parse("a\xe2\x80\x8e"
                    "b.example"));  // LEFT-TO-RIGHT MARK
  EXPECT_TRUE(Address::parse("j\xc3\xbc@example.org")->needs_smtputf8());
  EXPECT_FALSE(Address::parse("ju@example.org")->needs_smtputf8());
}

TEST(Rfc, rfc_033_literals) {
  const auto v4 = Domain::parse("[192.0.2.1]");
  ASSERT_TRUE(v4);
  EXPECT_TRUE(v4->is_literal());
  EXPECT_EQ(v4->text(), "[192.0.2.1]");
  EXPECT_EQ(Domain::parse("[ipv6:2001:DB8::1]")->text(), "[IPv6:2001:db8::1]");
}

TEST(Rfc, rfc_034_literals_that_are_none) {
  for (const char* bad : {"[2001:db8::1]", "[999.1.1.1]", "[Foo:x]", "[]", "[IPv6:]", "[IPv6:1.2.3.4]",
                          "[1.2.3.4]x", "x[1.2.3.4]"}) {
    EXPECT_FALSE(Domain::parse(bad)) << bad;
  }
}

TEST(Domain, a_mapped_literal_is_the_ipv4_one) {
  EXPECT_EQ(*Domain::parse("[IPv6:::ffff:192.0.2.1]"), *Domain::parse("[192.0.2.1]"));
}
}  // namespace
}  // namespace waybill::mail
