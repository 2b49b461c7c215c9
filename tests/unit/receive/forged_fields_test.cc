// What only we may write is taken out of a stranger's header, however it comes in, and nothing else is.
#include "receive/forged_fields.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace waybill::receive {
namespace {

/// The message as it is stored, fed in pieces of `octets`.
std::string filtered(const std::string& message, size_t octets) {
  ForgedFieldFilter filter("mx.example");
  std::string out;
  for (size_t pos = 0; pos < message.size(); pos += octets) {
    const size_t before = out.size();
    out += message.substr(pos, octets);
    filter.filter(out, before);
    EXPECT_LE(filter.held_octets(), ForgedFieldFilter::kHeldOctetsMax);
  }
  filter.finish(out);
  return out;
}

void expect(const std::string& message, const std::string& want) {
  for (const size_t octets : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, message.size()}) {
    EXPECT_EQ(filtered(message, octets), want) << "in pieces of " << octets;
  }
}

TEST(ForgedFields, ours_go_and_those_of_others_stay) {
  expect(
      "Subject: a\r\nAuthentication-Results: mx.example; iprev=pass\r\n"
      "Authentication-Results: other.example; spf=pass\r\nX-Waybill-Client: wrong_mx=no\r\nTo: "
      "b\r\n\r\nbody\r\n",
      "Subject: a\r\nAuthentication-Results: other.example; spf=pass\r\nTo: b\r\n\r\nbody\r\n");
}

TEST(ForgedFields, every_spelling_of_our_name_is_seen) {
  for (const char* field :
       {"AUTHENTICATION-RESULTS: MX.Example;x=y", "authentication-results : mx.example",
        "Authentication-Results:\r\n (a (nested) comment)\r\n\tmx.example;\r\n iprev=pass",
        "Authentication-Results: \"mx.example\" 1; none", "Authentication-Results: (\\)) mx.example 1",
        "Authentication-Results:mx.example(c);x", "x-waybill-client:\r\n\tlong\r\n more"}) {
    expect(fmt::format("A: 1\r\n{}\r\nB: 2\r\n\r\ntext", field), "A: 1\r\nB: 2\r\n\r\ntext");
    expect(fmt::format("{}\r\n\r\ntext", field), "\r\ntext");
    expect(fmt::format("A: 1\r\n{}", field), "A: 1\r\n");
  }
}

TEST(ForgedFields, what_only_looks_like_ours_stays) {
  for (const char* field :
       {"Authentication-Results: mx.example.org; none", "Authentication-Results:",
        "Authentication-Resultsx: mx.example", "X-Waybill-Clients: 1", "Auth: mx.example",
        "ARC-Authentication-Results: i=1; mx.example", "Authentication-Results: amx.example"}) {
    const std::string message = fmt::format("A: 1\r\n{}\r\nB: 2\r\n\r\ntext", field);
    expect(message, message);
  }
}

TEST(ForgedFields, the_text_of_a_message_is_left_alone) {
  const std::string quoted = "Authentication-Results: mx.example; x\r\nX-Waybill-Client: y\r\n";
  expect("A: 1\r\n\r\n" + quoted, "A: 1\r\n\r\n" + quoted);
  expect("\r\n" + quoted, "\r\n" + quoted);
  // A line that is no field ends the header for every reader (header_watch.h).
  expect("A: 1\r\nno field\r\n" + quoted, "A: 1\r\nno field\r\n" + quoted);
  expect("", "");
}

TEST(ForgedFields, a_name_hidden_behind_kilobytes_of_comment_does_not_come_through) {
  const std::string comment(ForgedFieldFilter::kHeldOctetsMax * 2, 'c');
  expect(fmt::format("Authentication-Results: ({}) mx.example; x\r\nB: 2\r\n\r\n", comment), "B: 2\r\n\r\n");
  // An honest long one names itself first.
  const std::string honest =
      fmt::format("Authentication-Results: other.example; {}\r\nB: 2\r\n\r\n", comment);
  expect(honest, honest);
}

TEST(ForgedFields, nor_one_that_begins_where_we_stop_looking) {
  const std::string start = "Authentication-Results: (";
  for (size_t octets = ForgedFieldFilter::kHeldOctetsMax - 20;
       octets < ForgedFieldFilter::kHeldOctetsMax + 20; ++octets) {
    for (const char* id : {"mx.example", "\"mx.example\"", "\"mx.exam\\ple\""}) {
      const std::string comment(octets - start.size() - 2, 'c');
      expect(fmt::format("{}{}) {}; x\r\nB: 2\r\n\r\n", start, comment, id), "B: 2\r\n\r\n");
    }
  }
}

TEST(ForgedFields, nor_one_whose_colon_is_far_away) {
  for (const size_t blanks : {22U, 23U, 27U, 28U, 30U, 31U, 100U, 4070U, 4071U, 4072U, 4080U, 5000U}) {
    for (const char* name : {"Authentication-Results", "x-WAYBILL-client"}) {
      const std::string padded = name + std::string(blanks - 1, ' ') + "\t";
      expect(padded + ": mx.example\r\nB: 2\r\n\r\n", "B: 2\r\n\r\n");
    }
    const std::string other = "Subject" + std::string(blanks, ' ') + ": mx.example\r\n\r\n";
    expect(other, other);
    const std::string named =
        "X-Waybill-Client" + std::string(std::min<size_t>(blanks, 100), ' ') + "s: mx.example\r\n\r\n";
    expect(named, named);
  }
}

TEST(ForgedFields, a_field_that_continues_nothing_is_text) {
  expect(" Authentication-Results: mx.example\r\n\r\nb", " Authentication-Results: mx.example\r\n\r\nb");
}
}  // namespace
}  // namespace waybill::receive
