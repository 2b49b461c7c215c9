#include "dns/name.h"

#include <gtest/gtest.h>

namespace waybill::dns {
namespace {

Name name(std::string_view text) { return Name::parse(text).value(); }

TEST(Rfc, rfc_031_names_compare_without_case_and_final_dot) {
  EXPECT_EQ(name("EXAMPLE.com"), name("example.com."));
  EXPECT_EQ(name("EXAMPLE.com").to_string(), "example.com");
  EXPECT_NE(name("example.com"), name("example.net"));
}

TEST(Name, limits) {
  const std::string label63(63, 'a');
  EXPECT_TRUE(Name::parse(label63).has_value());
  EXPECT_FALSE(Name::parse(label63 + "a").has_value());
  const std::string longest = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b');
  ASSERT_TRUE(Name::parse(longest).has_value());
  EXPECT_EQ(name(longest).wire().size(), 255U);
  EXPECT_FALSE(Name::parse(longest + "b").has_value());
  EXPECT_FALSE(name(longest).child("x").has_value());
}

TEST(Name, refuses_what_is_no_name) {
  for (const char* bad : {"", "..", ".a", "a..b", "a\\", "a\\25", "a\\2x5", "a\\256", "a\\999.b"}) {
    EXPECT_FALSE(Name::parse(bad).has_value()) << bad;
  }
}

TEST(Rfc, rfc_116_escapes_in_names) {
  EXPECT_EQ(name("a\\.b.c").labels(), 2U);
  EXPECT_EQ(name("\\065b"), name("ab"));
  EXPECT_FALSE(Name::parse("\\256").has_value());
  EXPECT_EQ(name("a\\.b.c").to_string(), "a\\.b.c");
  EXPECT_EQ(name("\\000\\255 ").to_string(), "\\000\\255\\032");
}

TEST(Name, root) {
  EXPECT_TRUE(name(".").is_root());
  EXPECT_EQ(Name().to_string(), ".");
  EXPECT_EQ(Name().labels(), 0U);
  EXPECT_EQ(Name().parent(), Name());
  EXPECT_EQ(name("com").parent(), Name());
}

TEST(Name, is_within_goes_by_labels) {
  EXPECT_TRUE(name("a.example.org").is_within(name("example.org")));
  EXPECT_TRUE(name("example.org").is_within(name("example.org")));
  EXPECT_TRUE(name("example.org").is_within(Name()));
  EXPECT_FALSE(name("notexample.org").is_within(name("example.org")));
  EXPECT_FALSE(name("org").is_within(name("example.org")));
  // The octets of "\003org" inside a label are not the label "org".
  EXPECT_FALSE(name("a\\003org").is_within(name("org")));
}

TEST(Rfc, rfc_112_reverse_names) {
  EXPECT_EQ(Name::reverse(IpAddress::parse("192.0.2.5").value()).to_string(), "5.2.0.192.in-addr.arpa");
  EXPECT_EQ(Name::reverse(IpAddress::parse("2001:db8::567:89ab").value()).to_string(),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(Name, from_wire_refuses_every_truncation) {
  const std::string wire = name("mx1.example.org").wire();
  for (size_t cut = 0; cut < wire.size(); ++cut)
    EXPECT_FALSE(Name::from_wire(wire.substr(0, cut)).has_value()) << cut;
  EXPECT_TRUE(Name::from_wire(wire).has_value());
  EXPECT_FALSE(Name::from_wire(wire + "x").has_value());
  EXPECT_FALSE(Name::from_wire(std::string("\xC0\x00", 2)).has_value())
      << "pointers have no meaning in a lone name";
}

}  // namespace
}  // namespace waybill::dns
