#include "dns/record.h"

#include <gtest/gtest.h>

namespace waybill::dns {
namespace {

Name name(std::string_view text) { return Name::parse(text).value(); }

TEST(Record, every_truncation_and_extension_of_rdata_is_an_error) {
  const std::vector<std::pair<Type, Data>> samples{{Type::a, IpAddress::parse("192.0.2.1").value()},
                                                   {Type::aaaa, IpAddress::parse("2001:db8::1").value()},
                                                   {Type::mx, Mx{10, name("mx.example.org")}},
                                                   {Type::cname, name("a.b")},
                                                   {Type::soa, Soa{name("a"), name("b"), 1, 2, 3, 4, 5}}};
  for (const auto& [type, data] : samples) {
    const std::string wire = encode_rdata(type, data);
    EXPECT_EQ(decode_rdata(type, wire), data) << to_string(type);
    for (size_t cut = 0; cut < wire.size(); ++cut) {
      EXPECT_FALSE(decode_rdata(type, wire.substr(0, cut)).has_value()) << to_string(type) << " at " << cut;
    }
    EXPECT_FALSE(decode_rdata(type, wire + "x").has_value()) << to_string(type);
  }
}

TEST(Record, txt_lengths_must_match) {
  EXPECT_FALSE(decode_rdata(Type::txt, "").has_value());
  EXPECT_FALSE(decode_rdata(Type::txt,
                            "\x05"
                            "abc")
                   .has_value());
  EXPECT_EQ(std::get<Txt>(decode_rdata(Type::txt,
                                       "\x01"
                                       "a"
                                       "\x02"
                                       "bc")
                              .value())
                .joined(),
            "abc");
}

TEST(Rfc, rfc_118_txt_strings_join_without_space) {
  EXPECT_EQ((Txt{{"v=spf1 ip4:192.0.2.1", " -all"}}.joined()), "v=spf1 ip4:192.0.2.1 -all");
}

TEST(Record, mapped_ipv6_keeps_sixteen_octets) {
  const std::string wire = std::string(10, '\0') + "\xff\xff\xc0" + std::string(1, '\0') + "\x02\x01";
  const Data data = decode_rdata(Type::aaaa, wire).value();
  EXPECT_EQ(encode_rdata(Type::aaaa, data), wire);
  EXPECT_EQ(data_to_string({name("x"), Type::aaaa, 1, data}), "::ffff:192.0.2.1");
}

TEST(Record, prints_as_a_zone_file_has_it) {
  EXPECT_EQ(to_string(Record{name("example.org"), Type::mx, 300, Mx{10, name("mx1.example.org")}}),
            "example.org. 300 IN MX 10 mx1.example.org.");
  EXPECT_EQ(data_to_string({name("x"), Type::mx, 1, Mx{0, Name()}}), "0 .");
  EXPECT_EQ(data_to_string({name("x"), Type::txt, 1, Txt{{"a\"b\\c\n"}}}), "\"a\\\"b\\\\c\\010\"");
  EXPECT_EQ(data_to_string({name("x"), Type{731}, 1, Opaque("\x01\xff")}), "\\# 2 01ff");
  EXPECT_EQ(data_to_string({name("x"), Type::caa, 1, Opaque(std::string("\0\5issueca.test", 14))}),
            "0 issue \"ca.test\"");
  EXPECT_EQ(data_to_string({name("x"), Type::ds, 1, Opaque("\x01")}), "\\# 1 01")
      << "malformed: as RFC 3597 has it";
  // RP: two names, the first of which holds a quotation mark.
  EXPECT_EQ(data_to_string({name("x"), Type{17}, 1, Opaque(std::string("\1\"\0\1b\0", 6))}),
            "\\# 6 012200016200");
}

TEST(Record, types_have_names) {
  EXPECT_EQ(to_string(Type::tlsa), "TLSA");
  EXPECT_EQ(to_string(Type{731}), "TYPE731");
  EXPECT_EQ(parse_type("mx"), Type::mx);
  EXPECT_EQ(parse_type("TYPE15"), Type::mx);
  EXPECT_EQ(parse_type("NAPTR"), Type{35});
  for (const char* bad : {"", "TYPE", "TYPE65536", "TYPE1x", "ANY", "AXFR", "MXX", "10"}) {
    EXPECT_FALSE(parse_type(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace waybill::dns
