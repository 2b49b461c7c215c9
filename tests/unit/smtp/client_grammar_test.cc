// The client's half of the grammar: replies, offers, dot-stuffing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smtp/dot_stuff.h"
#include "smtp/ehlo_reply.h"
#include "smtp/reply_parser.h"

namespace waybill::smtp {
namespace {
using State = ReplyParser::State;

// Feeds `octets` in pieces of `step`; the last state, and the reply through `parser`.
State feed_in_pieces(ReplyParser& parser, std::string_view octets, size_t step) {
  State state = State::more;
  while (!octets.empty() && state == State::more) {
    const auto fed = parser.feed(octets.substr(0, std::min(step, octets.size())));
    octets.remove_prefix(fed.consumed);
    state = fed.state;
    if (fed.consumed == 0) break;
  }
  return state;
}

TEST(ReplyParser, reads_a_reply_however_it_is_cut) {
  const std::string_view wire = "250-2.1.5 first\r\n250-2.1.5 second\r\n250 2.1.5 last\r\n";
  for (size_t step = 1; step <= wire.size(); ++step) {
    ReplyParser parser;
    ASSERT_EQ(feed_in_pieces(parser, wire, step), State::reply) << step;
    EXPECT_EQ(parser.reply(), (mail::Reply{250, {2, 1, 5}, "first\nsecond\nlast"})) << step;
    EXPECT_TRUE(parser.between_replies());
  }
}

TEST(ReplyParser, stops_at_the_end_of_each_reply) {
  ReplyParser parser;
  const std::string_view wire = "250 a\r\n354\r\n550 b\r\n";
  auto fed = parser.feed(wire);
  EXPECT_EQ(fed.consumed, 7U);
  fed = parser.feed(wire.substr(7));
  EXPECT_EQ(parser.reply().code, 354);
  EXPECT_EQ(parser.reply().text, "");
  EXPECT_EQ(fed.consumed, 5U);
}

TEST(ReplyParser, refuses_what_is_no_reply) {
  for (const char* wire : {"hello\r\n", "250-a\r\n251 b\r\n", "2x0 a\r\n", "25 a\r\n", "\r\n", "199 a\r\n",
                           "600 a\r\n", "2500 a\r\n", "250_a\r\n"}) {
    ReplyParser parser;
    EXPECT_EQ(parser.feed(wire).state, State::broken) << wire;
    EXPECT_FALSE(parser.error().empty());
    EXPECT_EQ(parser.feed("250 ok\r\n").state, State::broken) << "broken is final";
  }
}

TEST(ReplyParser, is_bounded) {
  ReplyParser lines;
  State state = State::more;
  for (size_t n = 0; n < 1'000 && state == State::more; ++n) state = lines.feed("250-x\r\n").state;
  EXPECT_EQ(state, State::broken);
  ReplyParser line;
  EXPECT_EQ(feed_in_pieces(line, std::string(100'000, '2'), 1'000), State::broken);
  ReplyParser text;
  std::string wire;
  for (int n = 0; n < 15; ++n) wire += "250-" + std::string(4'000, 'x') + "\r\n";
  EXPECT_EQ(text.feed(wire + "250 end\r\n").state, State::reply);
  EXPECT_LE(text.reply().text.size(), ReplyParser::kTextOctetsMax);
}

TEST(ReplyParser, hostile_octets_never_reach_the_text) {
  ReplyParser parser;
  ASSERT_EQ(parser.feed("550 a\x1b[31m\x07 \xff\xfe b\tc\r\n").state, State::reply);
  EXPECT_EQ(parser.reply().text, "a?[31m? ?? b c");
  ReplyParser utf8;
  ASSERT_EQ(utf8.feed("550 caf\xc3\xa9\r\n").state, State::reply);
  EXPECT_EQ(utf8.reply().text, "caf\xc3\xa9");
}

TEST(Rfc, rfc_095_enhanced_status_agrees_with_the_code_client) {
  const auto read = [](uint16_t code, std::string_view text) {
    const auto status = take_enhanced_status(code, text);
    return status.to_string() + "|" + std::string(text);
  };
  EXPECT_EQ(read(550, "5.1.1 no"), "5.1.1|no");
  EXPECT_EQ(read(550, "4.1.1 no"), "5.1.1|no");
  EXPECT_EQ(read(250, "2.0.0"), "2.0.0|");
  EXPECT_EQ(read(354, "2.0.0 go"), "|2.0.0 go");
  EXPECT_EQ(read(550, "5.1.1000 no"), "|5.1.1000 no");
  EXPECT_EQ(read(550, "5.1 no"), "|5.1 no");
  EXPECT_EQ(read(550, "5.1.1x no"), "|5.1.1x no");
  EXPECT_EQ(read(550, "127.0.0.1 blocked"), "|127.0.0.1 blocked");
}

TEST(Rfc, rfc_055_offers_are_read_in_any_case) {
  const mail::Reply reply{
      250, {}, "mx.test hi\nPipelining\nsize 100\nStartTLS\nX-WHAT\nLIMITS rcptmax=5 MAILMAX=0\nBINARYMIME"};
  const auto offers = parse_offers(reply);
  EXPECT_EQ(offers.name, "mx.test");
  EXPECT_TRUE(offers.pipelining && offers.starttls && offers.size);
  EXPECT_EQ(offers.size_octets_max, 100U);
  EXPECT_EQ(offers.rcpt_max, 5U);
  EXPECT_EQ(offers.mail_max, 0U);
  EXPECT_FALSE(offers.binarymime) << "of no use without CHUNKING";
  const auto odd =
      parse_offers({250, {}, "x\nSIZE 99999999999999999999999\nLIMITS RCPTMAX=99999999\nPIPELINING2"});
  EXPECT_EQ(odd.size_octets_max, 0U);
  EXPECT_EQ(odd.rcpt_max, 0U);
  EXPECT_FALSE(odd.pipelining);
}

std::string encode(std::string_view body, size_t step, Dots dots = Dots::doubled) {
  BodyEncoder encoder(dots);
  std::string out;
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < body.size(); at += step) {
    encoder.encode(body.substr(at, step), pieces);
    for (const auto piece : pieces) out += piece;
    pieces.clear();
  }
  encoder.finish(pieces);
  for (const auto piece : pieces) out += piece;
  EXPECT_EQ(encoder.octets(), out.size());
  return out;
}

TEST(Rfc, rfc_066_dots_are_doubled_and_come_back) {
  const std::string body = ".\r\n..\r\n." + std::string(997, 'x') + "\r\na.\r\n";
  const std::string wire = "..\r\n...\r\n.." + std::string(997, 'x') + "\r\na.\r\n.\r\n";
  for (size_t step = 1; step < 40; ++step) EXPECT_EQ(encode(body, step), wire) << step;
  EXPECT_EQ(encode(body, 9'999, Dots::literal), body);
  EXPECT_EQ(encode("", 1), ".\r\n");
  EXPECT_EQ(encode("no end", 2), "no end\r\n.\r\n");
}

TEST(Rfc, rfc_068_bare_cr_and_lf_become_harmless) {
  for (size_t step = 1; step < 12; ++step) {
    EXPECT_EQ(encode("a\nb\rc\r\r\nd\r", step), "a\r\nb c \r\nd \r\n.\r\n") << step;
    EXPECT_EQ(encode("x\n.\ny\r\n.\rz", step), "x\r\n..\r\ny\r\n.. z\r\n.\r\n") << step;
  }
}

TEST(BodyEncoder, a_clean_chunk_is_one_piece) {
  std::string body;
  for (int n = 0; n < 100; ++n) body += "a clean line\r\n";
  BodyEncoder encoder;
  std::vector<std::string_view> pieces;
  encoder.encode(body, pieces);
  EXPECT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].data(), body.data());
}
}  // namespace
}  // namespace waybill::smtp
