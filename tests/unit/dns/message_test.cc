#include "dns/message.h"

#include <gtest/gtest.h>

#include "dns/wire.h"

namespace waybill::dns {
namespace {

Name name(std::string_view text) { return Name::parse(text).value(); }

Message sample() {
  Message message;
  message.id = 4711;
  message.response = true;
  message.authoritative = true;
  message.questions.push_back({name("example.org"), Type::mx});
  message.answers.push_back({name("example.org"), Type::mx, 300, Mx{10, name("mx1.example.org")}});
  message.answers.push_back({name("example.org"), Type::mx, 300, Mx{20, name("mx2.example.org")}});
  message.authority.push_back(
      {name("example.org"), Type::soa, 600, Soa{name("ns.example.org"), name("a.org"), 1, 2, 3, 4, 60}});
  message.additional.push_back(
      {name("mx1.example.org"), Type::a, 300, IpAddress::parse("192.0.2.1").value()});
  message.edns = Edns{.udp_octets_max = 1232, .version = 0, .dnssec_ok = true};
  return message;
}

std::string header(int questions, int answers) {
  std::string out;
  for (const int value : {1, 0x8000, questions, answers, 0, 0}) append_u16(out, static_cast<uint16_t>(value));
  return out;
}

TEST(Message, round_trip_and_compression) {
  const std::string wire = encode_message(sample());
  EXPECT_EQ(parse_message(wire), sample());
  EXPECT_LT(wire.size(), 160U) << "names are compressed";
}

TEST(Message, every_truncation_is_an_error) {
  const std::string wire = encode_message(sample());
  for (size_t cut = 0; cut < wire.size(); ++cut)
    EXPECT_FALSE(parse_message(wire.substr(0, cut)).has_value()) << cut;
}

TEST(Message, pointer_loops_and_forward_pointers_are_errors) {
  EXPECT_FALSE(parse_message(header(1, 0) + std::string("\xC0\x0C\0\x0F\0\1", 6)).has_value()) << "to itself";
  EXPECT_FALSE(parse_message(header(1, 0) + std::string("\xC0\x20\0\x0F\0\1", 6)).has_value()) << "forward";
  EXPECT_FALSE(parse_message(header(1, 0) + std::string("\1a\xC0\x0C\0\x0F\0\1", 8)).has_value())
      << "a.a.a...";
  EXPECT_FALSE(parse_message(header(1, 0) + std::string("\x80\0\0\x0F\0\1", 6)).has_value())
      << "unknown label";
}

TEST(Message, counts_that_lie_are_errors) {
  EXPECT_FALSE(parse_message(header(65535, 65535)).has_value());
  EXPECT_FALSE(parse_message(header(0, 1)).has_value());
}

TEST(Message, malformed_rdata_fails_the_whole) {
  std::string wire = header(0, 1) + std::string("\0\0\x01\0\x01\0\0\0\x3c\0\3abc", 14);
  EXPECT_FALSE(parse_message(wire).has_value()) << "an A record of three octets";
}

TEST(Message, other_classes_are_left_out) {
  const std::string wire = header(0, 1) + std::string("\0\0\x01\0\x03\0\0\0\x3c\0\4abcd", 15);
  ASSERT_TRUE(parse_message(wire).has_value());
  EXPECT_TRUE(parse_message(wire)->answers.empty());
}

TEST(Message, high_bit_of_a_ttl_means_zero) {
  const std::string wire = header(0, 1) + std::string("\0\0\x01\0\x01\x80\0\0\x3c\0\4abcd", 15);
  EXPECT_EQ(parse_message(wire).value().answers.at(0).ttl_s, 0U);
}

TEST(Message, too_big_sets_tc_and_keeps_the_question) {
  Message message = sample();
  for (int i = 0; i < 100; ++i) {
    message.answers.push_back(
        {name("example.org"), Type::mx, 300, Mx{1, name("host" + std::to_string(i) + ".example.org")}});
  }
  const std::string wire = encode_message(message, 512);
  EXPECT_LE(wire.size(), 512U);
  const Message parsed = parse_message(wire).value();
  EXPECT_TRUE(parsed.truncated);
  EXPECT_TRUE(parsed.answers.empty());
  EXPECT_EQ(parsed.questions, message.questions);
  EXPECT_TRUE(parsed.edns.has_value());
}

TEST(Message, additional_records_are_dropped_before_tc) {
  Message message = sample();
  for (int i = 0; i < 40; ++i) {
    message.additional.push_back(
        {name("h" + std::to_string(i) + ".example.org"), Type::a, 300, IpAddress::v4(1)});
  }
  const Message parsed = parse_message(encode_message(message, 512)).value();
  EXPECT_FALSE(parsed.truncated);
  EXPECT_EQ(parsed.answers, message.answers);
  EXPECT_LT(parsed.additional.size(), message.additional.size());
}

TEST(Message, extended_rcode_and_spelling_survive) {
  Message message = sample();
  message.rcode = Rcode::badvers;
  message.questions[0].spelled = std::string("\7eXample\3ORG\0", 13);
  const Message parsed = parse_message(encode_message(message)).value();
  EXPECT_EQ(parsed.rcode, Rcode::badvers);
  EXPECT_EQ(parsed.questions[0].spelled, message.questions[0].spelled);
}

TEST(Rfc, rfc_039_negative_ttl) {
  EXPECT_EQ(negative_ttl_s(sample()), 60U);
  Message message = sample();
  message.authority[0].ttl_s = 30;
  EXPECT_EQ(negative_ttl_s(message), 30U);
  message.authority.clear();
  EXPECT_EQ(negative_ttl_s(message), std::nullopt);
}

}  // namespace
}  // namespace waybill::dns
