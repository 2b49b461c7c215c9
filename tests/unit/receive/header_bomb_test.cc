// Header and MIME bombs: what they may cost. No clock: the work is counted in octets that were looked at and
// octets that were kept.
#include <gmock/gmock.h>

#include "receive/header_watch.h"
#include "receive/message_builder.h"
#include "support/session_driver.h"

namespace waybill::test {
namespace {
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

std::string lines(std::string_view line, size_t count) {
  std::string out;
  out.reserve(line.size() * count);
  for (size_t i = 0; i < count; ++i) out += line;
  return out;
}

std::string send(SessionDriver& driver, std::string_view text) {
  driver.start();
  driver.say("EHLO c.example\r\n");
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\nDATA\r\n");
  return driver.say(std::string(text) + "\r\n.\r\n");
}

/// The most that a builder holds while `text` goes through it in steps of that size.
size_t kept_octets_max(receive::MessageBuilder& builder, std::string_view text, size_t step) {
  size_t most = 0;
  for (size_t at = 0; at < text.size(); at += step) {
    const std::string_view part = text.substr(at, step);
    EXPECT_EQ(builder.take(part).consumed, part.size());
    size_t full = 0;
    for (const Chunk& chunk : builder.take_full_chunks()) full += chunk.size();
    most = std::max(most, full);
  }
  return most;
}

TEST(HeaderBomb, two_hundred_thousand_lines_are_looked_at_once_each_however_they_come) {
  for (const std::string& header :
       {lines("X-Line: y\r\n", 200'000), lines("Received: y\r\n", 200'000),
        "X: y\r\n" + lines(" folded\r\n", 200'000), lines("To: a:b:c::::\r\n", 200'000),
        "X: " + lines("y", 2'000'000) + "\r\n"}) {
    for (const size_t step : {size_t{1}, size_t{7}, size_t{4096}, header.size()}) {
      receive::HeaderWatch watch;
      for (size_t at = 0; at < header.size(); at += step)
        watch.scan(std::string_view(header).substr(at, step));
      EXPECT_FALSE(watch.ended());
      EXPECT_EQ(watch.octets(), header.size());  // a second look would count twice
    }
  }
}

TEST(HeaderBomb, nothing_is_looked_at_behind_the_header) {
  receive::HeaderWatch watch;
  const std::string header = "Subject: x\r\n\r\n";
  watch.scan(header + lines("Received: y\r\n", 200'000));
  EXPECT_TRUE(watch.ended());
  EXPECT_EQ(watch.octets(), header.size());
  EXPECT_EQ(watch.received_fields(), 0U);
}

TEST(HeaderBomb, two_hundred_thousand_lines_are_refused_and_the_session_goes_on) {
  SessionDriver driver;
  EXPECT_THAT(send(driver, lines("X-Line: y\r\n", 200'000)), StartsWith("552 5.3.4 headers are limited"));
  EXPECT_THAT(driver.committed(), IsEmpty());
  EXPECT_THAT(driver.abandoned(), SizeIs(1));
  EXPECT_THAT(driver.say("NOOP\r\n"), StartsWith("250"));
}

TEST(HeaderBomb, a_refused_header_is_kept_no_further_than_its_limit) {
  const receive::Settings settings;
  const std::string bomb = lines("X-Line: y\r\n", 2'000'000);  // 22 MB
  receive::MessageBuilder builder(settings, smtp::Framing::dot, {}, 0);
  size_t kept = 0;
  for (size_t at = 0; at < bomb.size(); at += 4096) {
    EXPECT_FALSE(builder.take(std::string_view(bomb).substr(at, 4096)).ended);
    for (const Chunk& chunk : builder.take_full_chunks()) kept += chunk.size();
  }
  EXPECT_LE(kept, settings.header_octets_max + kChunkOctetsMax);
  EXPECT_EQ(builder.fault(), receive::Fault::header_too_big);
  EXPECT_TRUE(builder.finish().empty());
}

TEST(HeaderBomb, a_limit_raised_takes_them_all_in_chunks_of_the_usual_size) {
  auto settings = test_settings();
  settings->header_octets_max = 10'000'000;
  const std::string header = lines("X-Line: y\r\n", 200'000);
  receive::MessageBuilder builder(*settings, smtp::Framing::dot, {}, 0);
  EXPECT_LE(kept_octets_max(builder, header, 4096), kChunkOctetsMax);
  SessionDriver driver(settings);
  EXPECT_THAT(send(driver, header), StartsWith("250 2.0.0"));
  ASSERT_THAT(driver.committed(), SizeIs(1));
  EXPECT_EQ(driver.committed()[0].content, header + "\r\n");
}

TEST(HeaderBomb, rfc_063_ten_thousand_received_fields_are_a_loop) {
  SessionDriver driver;
  EXPECT_THAT(send(driver, lines("Received: from x by y\r\n", 10'000)), StartsWith("550 5.4.6"));
  EXPECT_THAT(driver.committed(), IsEmpty());
  EXPECT_THAT(driver.abandoned(), SizeIs(1));
}

/// A multipart in a multipart, and so on: `depth` boundaries open before the first text.
std::string nested(size_t depth) {
  std::string out = "MIME-Version: 1.0\r\n";
  for (size_t i = 0; i < depth; ++i) {
    out += fmt::format("Content-Type: multipart/mixed; boundary=b{0}\r\n\r\n--b{0}\r\n", i);
  }
  return out + "\r\ntext\r\n";
}

TEST(HeaderBomb, mime_is_not_parsed_ten_thousand_levels_are_text_as_any_other) {
  const std::string bomb = nested(10'000);
  receive::HeaderWatch watch;
  watch.scan(bomb);
  EXPECT_EQ(watch.octets(), bomb.find("--b0\r\n"));  // the outermost header; nothing looks for another
  SessionDriver driver;
  EXPECT_THAT(send(driver, bomb), StartsWith("250 2.0.0"));
  ASSERT_THAT(driver.committed(), SizeIs(1));
  EXPECT_EQ(driver.committed()[0].content, bomb + "\r\n");
}
}  // namespace
}  // namespace waybill::test
