#include "cli/output.h"

#include <gmock/gmock.h>

namespace waybill::cli {
namespace {

TEST(Output, nothing_from_outside_steers_the_terminal) {
  EXPECT_EQ(terminal_safe("550 no\x1b[2J\r\n\x07"), "550 no\\x1b[2J\\x0d\\x0a\\x07");
  EXPECT_EQ(terminal_safe("caf\xc3\xa9 \xe9"), "caf\xc3\xa9 \\xe9");
  EXPECT_EQ(terminal_safe("a\xe2\x80\xae"
                          "b"),
            "a\\xe2\\x80\\xaeb")
      << "right-to-left override";
  EXPECT_EQ(terminal_safe("a\xc2\x9b"
                          "2J"),
            "a\\xc2\\x9b2J")
      << "C1 control sequence introducer";
  EXPECT_EQ(terminal_safe(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Output, widths_count_columns_and_not_octets) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("é"), 1U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(shortened("abcdef", 4), "abc…");
  EXPECT_EQ(shortened("abcd", 4), "abcd");
  EXPECT_EQ(shortened("日本語", 4), "日…");
  EXPECT_EQ(shortened("x", 0), "");
}

TEST(Output, a_table_aligns_and_leaves_no_trailing_blanks) {
  Table table({{"NAME"}, {"SIZE", Align::right}, {"NOTE", Align::left, 6}});
  table.add({{"é"}, {"1"}, {"short"}});
  table.add({{"longer"}, {"1000"}, {"much too long\n"}});
  EXPECT_EQ(table.to_string(false),
            "NAME    SIZE  NOTE\n"
            "é          1  short\n"
            "longer  1000  much …\n");
  EXPECT_EQ(table.to_string(true).find("\x1b[1mNAME\x1b[0m    "), 0U);
}

TEST(Output, sizes_and_times_are_for_people) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1024), "1.0 KiB");
  EXPECT_EQ(human_size(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(human_size(UINT64_MAX), "16777216.0 TiB");
  const Time now{Millis{1'000'000'000'000}};
  EXPECT_EQ(relative_time(now + Seconds{300}, now), "in 5m");
  EXPECT_EQ(relative_time(now - Seconds{7200}, now), "2h ago");
  EXPECT_EQ(relative_time(now, now), "now");
}
}  // namespace
}  // namespace waybill::cli
