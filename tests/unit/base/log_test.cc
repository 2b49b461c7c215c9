// Log lines, text and JSON: what a program reads back from them, and what hostile values cannot do to them.
#include "base/log.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <limits>

#include "base/bytes.h"

namespace waybill::log {
namespace {
namespace json = boost::json;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr Time kNoon{Millis{1'795'262'400'123}};  // 2026-11-21T12:00:00.123Z

std::string text(std::string_view event, std::initializer_list<Field> fields) {
  return format_line(Format::text, Level::info, kNoon, event, fields);
}
/// Strict: Boost's reader takes no control characters, no broken UTF-8 and nothing behind the object.
json::object read(std::string_view event, std::initializer_list<Field> fields, Level level = Level::info) {
  const std::string line = format_line(Format::json, level, kNoon, event, fields);
  json::error_code error;
  const json::value value = json::parse(line, error);
  EXPECT_FALSE(error) << error.message() << " in " << line;
  return value.is_object() ? value.as_object() : json::object{};
}
std::vector<std::string> keys(const json::object& object) {
  std::vector<std::string> out;
  for (const auto& member : object) out.emplace_back(member.key());
  return out;
}

/// What peers may put into HELO, a sender, a reply; each tries to end the value, the line or the terminal's
/// mind.
const std::vector<std::string>& hostile_values() {
  static const std::vector<std::string> values{
      R"(quote " backslash \ end)",
      R"(","level":"error","event":"forged)",
      "two\r\n2026-11-21T12:00:00.123Z info    delivered id=000000000001",
      "two\n{\"event\":\"forged\"}",
      std::string("nul \0 inside", 12),
      "\x1b[2J\x1b]0;title\x07 bell, tab\t, delete \x7f",
      "C1 \u0085 next line, \u009b31m a terminal's command",
      "line separator \u2028 and paragraph \u2029 separator",
      "broken \xff\xfe UTF-8",
      "overlong \xc0\x8a line feed",
      "cut \xe2\x82",
      "surrogate \xed\xa0\x80",
      "grüße 試 stay readable",
      "key=value other=thing",
      "\\",
      "\"",
      " ",
  };
  return values;
}

TEST(LogJson, fields_are_named_and_in_order) {
  const json::object line = read("delivered", {{"id", MessageId{1}}, {"to", "a@b.example"}, {"attempts", 3}});
  EXPECT_THAT(keys(line), ElementsAre("time", "level", "event", "id", "to", "attempts"));
  EXPECT_EQ(line.at("time").as_string(), "2026-11-21T12:00:00.123Z");
  EXPECT_EQ(line.at("level").as_string(), "info");
  EXPECT_EQ(line.at("event").as_string(), "delivered");
  EXPECT_EQ(line.at("id").as_string(), "000000000001");
  EXPECT_EQ(line.at("to").as_string(), "a@b.example");
}

TEST(LogJson, every_level_has_its_name) {
  EXPECT_EQ(read("x", {}, Level::debug).at("level").as_string(), "debug");
  EXPECT_EQ(read("x", {}, Level::info).at("level").as_string(), "info");
  EXPECT_EQ(read("x", {}, Level::warning).at("level").as_string(), "warning");
  EXPECT_EQ(read("x", {}, Level::error).at("level").as_string(), "error");
}

TEST(LogJson, numbers_are_numbers_and_texts_of_digits_are_not) {
  const json::object line = read("x", {{"attempts", 3},
                                       {"octets", std::numeric_limits<uint64_t>::max()},
                                       {"left", std::numeric_limits<int64_t>::min()},
                                       {"small", uint8_t{65}},
                                       {"share", 0.25},
                                       {"again", true},
                                       {"helo", "12"},
                                       {"letter", 'A'}});
  EXPECT_EQ(line.at("attempts").as_int64(), 3);
  EXPECT_EQ(line.at("octets").as_uint64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(line.at("left").as_int64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(line.at("small").as_int64(), 65);
  EXPECT_EQ(line.at("share").as_double(), 0.25);
  EXPECT_EQ(line.at("again").as_bool(), true);
  EXPECT_EQ(line.at("helo").as_string(), "12");
  EXPECT_EQ(line.at("letter").as_string(), "A");
}

TEST(LogJson, what_json_has_no_number_for_is_a_string) {
  EXPECT_EQ(read("x", {{"rate", std::numeric_limits<double>::infinity()}}).at("rate").as_string(), "inf");
  EXPECT_EQ(read("x", {{"rate", std::numeric_limits<double>::quiet_NaN()}}).at("rate").as_string(), "nan");
}

TEST(LogJson, a_field_without_a_value_is_left_out_and_zero_is_a_value) {
  EXPECT_THAT(keys(read("x", {{"host", ""}, {"attempts", 0}})),
              ElementsAre("time", "level", "event", "attempts"));
}

TEST(LogJson, a_hostile_value_comes_back_as_it_was_and_adds_no_field) {
  for (const std::string& value : hostile_values()) {
    const json::object line = read("x", {{"helo", value}, {"last", "field"}});
    EXPECT_THAT(keys(line), ElementsAre("time", "level", "event", "helo", "last")) << value;
    const json::string& got = line.at("helo").as_string();
    const std::string want = is_utf8(value) ? value : printable(value, value.size());
    EXPECT_EQ(std::string(got.data(), got.size()), want);
    EXPECT_EQ(line.at("last").as_string(), "field");
  }
}

TEST(LogJson, a_hostile_event_is_escaped_too) {
  const json::object line = read("broken \xff\n\"event", {});
  EXPECT_THAT(keys(line), ElementsAre("time", "level", "event"));
}

TEST(Log, no_value_puts_a_control_character_or_broken_utf8_into_a_line) {
  for (const Format format : {Format::text, Format::json}) {
    for (const std::string& value : hostile_values()) {
      const std::string line = format_line(format, Level::info, kNoon, "x", {{"helo", value}});
      EXPECT_TRUE(is_utf8(line)) << line;
      for (const char c : line) {
        EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << printable(line, line.size());
      }
      for (const char* hidden : {"\u0085", "\u009b", "\u2028", "\u2029"})
        EXPECT_THAT(line, Not(HasSubstr(hidden)));
    }
  }
}

TEST(LogText, fields_follow_the_event) {
  EXPECT_EQ(text("delivered", {{"id", MessageId{1}}, {"to", "a@b.example"}, {"host", ""}, {"attempts", 3}}),
            "2026-11-21T12:00:00.123Z info    delivered id=000000000001 to=a@b.example attempts=3");
}

TEST(LogText, a_value_that_could_be_taken_for_more_is_quoted) {
  EXPECT_THAT(text("x", {{"reply", "250 2.0.0 ok"}}), EndsWith(R"( x reply="250 2.0.0 ok")"));
  EXPECT_THAT(text("x", {{"helo", "a to=b"}}), EndsWith(R"( x helo="a to=b")"));
  EXPECT_THAT(text("x", {{"helo", R"(a" to=b)"}}), EndsWith(R"( x helo="a\" to=b")"));
  EXPECT_THAT(text("x", {{"helo", "a\nb"}}), EndsWith(R"( x helo="a\u000ab")"));
  EXPECT_THAT(text("x", {{"helo", "a\u009bb"}}), EndsWith(R"( x helo="a\u009bb")"));
  EXPECT_THAT(text("x", {{"helo", "a\u2028b"}}), EndsWith(R"( x helo="a\u2028b")"));
  EXPECT_THAT(text("x", {{"helo", "a\xff"}}), EndsWith(R"( x helo="a\\xff")"));
  EXPECT_THAT(text("x", {{"helo", "grüße"}}), EndsWith(R"( x helo="grüße")"));
}

/// What reaches stderr, with the level and format of an operator's choice, and text at info again after it.
std::vector<std::string> written(Level level, Format format) {
  testing::internal::CaptureStderr();
  configure(level, format);
  debug("one", {{"n", 1}});
  info("two", {{"n", 2}});
  warning("three", {{"n", 3}});
  error("four", {{"helo", "a\nb"}});
  configure(Level::info, Format::text);
  std::vector<std::string> lines;
  for (const std::string_view line : split(testing::internal::GetCapturedStderr(), '\n'))
    lines.emplace_back(line);
  return lines;
}

TEST(Log, lines_below_the_level_are_not_written) {
  EXPECT_THAT(
      written(Level::warning, Format::text),
      ElementsAre(HasSubstr(" warning three n=3"), HasSubstr(R"( error   four helo="a\u000ab")"), ""));
  EXPECT_THAT(written(Level::debug, Format::json),
              ElementsAre(HasSubstr(R"("event":"one","n":1})"), HasSubstr(R"("event":"two","n":2})"),
                          HasSubstr(R"("event":"three","n":3})"),
                          HasSubstr(R"("event":"four","helo":"a\u000ab"})"), ""));
  EXPECT_FALSE(enabled(Level::debug));
  EXPECT_TRUE(enabled(Level::info));
}
}  // namespace
}  // namespace waybill::log
