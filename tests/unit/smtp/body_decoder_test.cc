// Dot-unstuffing and the end of data, cut at every boundary.
#include "smtp/body_decoder.h"

#include <gtest/gtest.h>

#include <random>

namespace waybill::smtp {
namespace {
struct Decoded {
  std::string out;
  size_t consumed = 0;
  bool ended = false, bare = false, nul = false;
  size_t longest = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view in, Framing framing, const std::vector<size_t>& cuts,
               size_t room = SIZE_MAX) {
  BodyDecoder decoder(framing);
  Decoded result;
  size_t at = 0;
  for (size_t i = 0; at < in.size() && !result.ended; ++i) {
    const size_t size = cuts.empty() ? in.size() : cuts[i % cuts.size()];
    std::string_view part = in.substr(at, size);
    while (!part.empty() && !result.ended) {
      std::string piece;
      const auto progress = decoder.decode(part, piece, room);
      EXPECT_LE(piece.size(), room == SIZE_MAX ? room : room + 2);
      result.out += piece;
      result.consumed += progress.consumed;
      result.ended = progress.ended;
      part.remove_prefix(progress.consumed);
      at += progress.consumed;
    }
  }
  result.bare = decoder.saw_bare_newline();
  result.nul = decoder.saw_nul();
  result.longest = decoder.line_octets_longest();
  return result;
}

TEST(BodyDecoder, ends_at_crlf_dot_crlf_and_leaves_what_follows) {
  const auto result = decode("a\r\n.\r\nRSET\r\n", Framing::dot, {});
  EXPECT_EQ(result.out, "a\r\n");
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.consumed, 6U);
  EXPECT_FALSE(result.bare);
  EXPECT_TRUE(decode(".\r\n", Framing::dot, {}).ended);
  EXPECT_EQ(decode("..\r\n...\r\n.x\r\n.\r\n", Framing::dot, {}).out, ".\r\n..\r\nx\r\n");
}

TEST(BodyDecoder, counted_framing_leaves_dots_alone) {
  const auto result = decode("..\r\n.\r\n", Framing::counted, {});
  EXPECT_EQ(result.out, "..\r\n.\r\n");
  EXPECT_FALSE(result.ended);
}

TEST(Rfc, rfc_067_nothing_but_crlf_dot_crlf_ends_the_data) {
  using namespace std::string_literals;
  const std::vector<std::string> ends = {
      "\n.\n",        "\n.\r\n",   "\r\n.\n",      "\r.\r",        "\r.\r\n",        "\r\n.\r",
      "\r.\n",        "\n.\r",     "\r\n\0.\r\n"s, "\r\n.\0\r\n"s, "\0\r\n.\r\0\n"s, "\r\0\n.\r\n"s,
      "\r\n.\r\0\n"s, "\r\r\n.\n", "\r\n.\r\r\n"s, "\n\n.\n\n",    "\r\n .\r\n",     "\r\n. \r\n"};
  for (const std::string& end : ends) {
    const std::string in = "first" + end + "MAIL FROM:<smuggled@x.example>\r\n.\r\n";
    const auto whole = decode(in, Framing::dot, {});
    ASSERT_TRUE(whole.ended);
    EXPECT_EQ(whole.consumed, in.size()) << "ended early";
    EXPECT_NE(whole.out.find("smuggled"), std::string::npos);
    for (size_t cut = 1; cut < in.size(); ++cut) EXPECT_EQ(decode(in, Framing::dot, {cut, in.size()}), whole);
  }
}

TEST(BodyDecoder, bare_newlines_come_out_as_spaces_and_are_told) {
  EXPECT_EQ(decode("a\nb\rc\r\r\n\n\r\n", Framing::counted, {}).out, "a b c \r\n \r\n");
  EXPECT_TRUE(decode("a\nb\r\n", Framing::counted, {}).bare);
  EXPECT_TRUE(decode("a\rb\r\n", Framing::dot, {}).bare);
  EXPECT_FALSE(decode("a\r\nb\r", Framing::dot, {}).bare);  // its LF may still come
}

TEST(BodyDecoder, finish_completes_the_last_line) {
  for (const auto& [in, want] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"a", "a\r\n"}, {"a\r\n", "a\r\n"}, {"a\r", "a \r\n"}, {"a\r\n\r", "a\r\n \r\n"}}) {
    BodyDecoder decoder(Framing::counted);
    std::string out;
    (void)decoder.decode(in, out, SIZE_MAX);
    decoder.finish(out);
    EXPECT_EQ(out, want);
  }
}

TEST(BodyDecoder, finish_after_the_end_of_data_adds_nothing) {
  BodyDecoder decoder;
  std::string out;
  (void)decoder.decode("a\r\n.\r\n", out, SIZE_MAX);
  decoder.finish(out);
  EXPECT_EQ(out, "a\r\n");
}

TEST(BodyDecoder, any_cut_and_any_room_give_the_same) {
  std::mt19937 random(7);
  const std::string_view alphabet("a.\r\n\0", 5);
  for (int round = 0; round < 3000; ++round) {
    std::string in;
    const size_t length = random() % 40;
    for (size_t i = 0; i < length; ++i) {
      if (random() % 3 == 0) in += "\r\n";
      in += alphabet[random() % alphabet.size()];
    }
    for (const Framing framing : {Framing::dot, Framing::counted}) {
      const auto whole = decode(in, framing, {});
      for (size_t size = 1; size <= 4; ++size) EXPECT_EQ(decode(in, framing, {size}), whole);
      EXPECT_EQ(decode(in, framing, {}, 3), whole);
      EXPECT_EQ(decode(in, framing, {2, 5}, 1), whole);
      for (const char c : whole.out) EXPECT_TRUE(c != '\n' || whole.out.find("\r\n") != std::string::npos);
    }
  }
}

TEST(BodyDecoder, tells_the_longest_line) {
  EXPECT_EQ(decode("abc\r\nabcdef\r\na\r\n", Framing::dot, {2}).longest, 8U);
  EXPECT_EQ(decode(std::string(5000, 'x'), Framing::dot, {7}).longest, 5000U);
}
}  // namespace
}  // namespace waybill::smtp
