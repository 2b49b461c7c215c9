#include "control/codec.h"

#include <gmock/gmock.h>

#include "support/fake_backend.h"

namespace waybill::control {
namespace {
using testing::HasSubstr;

TEST(Codec, a_row_has_the_members_that_programs_rely_on) {
  const std::string json = encode(test::queue_row(1ull << 50, 3, "a@example.net", "b@example.org"));
  EXPECT_THAT(json, testing::StartsWith(R"({"v":1,"id":")"));
  for (const char* member : {R"("from":"a@example.net")", R"("recipient":"b@example.org")", R"("index":3)",
                             R"("state":"queued")", R"("attempts":2)", R"("size":4096)",
                             R"("last_reply":{"code":451,"enhanced":"4.7.1","text":"greylisted, come back"})",
                             R"("last_host":"mx1.example.org")", R"("notify":[])"}) {
    EXPECT_THAT(json, HasSubstr(member));
  }
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

TEST(Codec, the_null_sender_is_null_and_not_an_empty_string) {
  EXPECT_THAT(encode(test::queue_row(1, 0, "", "b@example.org")), HasSubstr(R"("from":null)"));
}

TEST(Codec, a_list_is_one_document_a_line_and_ends_with_the_cursor) {
  QueueListAnswer answer;
  answer.rows = {test::queue_row(1, 0, "", "a@example.org"),
                 test::queue_row(1, 1, "x@example.net", "b@example.org")};
  answer.next = Cursor{MessageId{1}, 1};
  const std::string text = encode(answer);
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
  EXPECT_THAT(text, testing::EndsWith("{\"v\":1,\"next\":\"000000000001/1\"}\n"));
  EXPECT_EQ(decode<QueueListAnswer>(text), answer);
  answer.next.reset();
  EXPECT_EQ(decode<QueueListAnswer>(encode(answer)), answer);
  EXPECT_FALSE(decode<QueueListAnswer>(""));
  EXPECT_FALSE(decode<QueueListAnswer>(encode(answer.rows[0]) + "\n"))
      << "a list cut short must not look whole";
}

TEST(Codec, octets_that_are_not_utf8_are_replaced) {
  TraceEvent event;
  event.detail = "caf\xe9 \xf0\x9f\x98\x80 \xff";
  const std::string json = encode(event);
  EXPECT_TRUE(is_utf8(json));
  EXPECT_EQ(decode<TraceEvent>(json)->detail, "caf\xef\xbf\xbd \xf0\x9f\x98\x80 \xef\xbf\xbd");
}

TEST(Codec, requests_refuse_unknown_members_and_answers_skip_them) {
  const auto act =
      decode<ActRequest>(R"({"v":1,"action":"hold","selector":{"domain":"a.example"},"reasn":"x"})");
  ASSERT_FALSE(act);
  EXPECT_THAT(act.error().what, HasSubstr("reasn"));
  const auto selector =
      decode<ActRequest>(R"({"action":"hold","selector":{"domain":"a.example","statee":"held"}})");
  ASSERT_FALSE(selector);
  EXPECT_EQ(selector.error().code, Errc::invalid);
  EXPECT_TRUE(decode<ActionReport>(R"({"v":1,"matched":2,"new_in_v1":[1,2]})"));
}

TEST(Codec, hostile_requests_end_in_an_error) {
  for (const std::string& bad :
       std::vector<std::string>{"",
                                "null",
                                "[]",
                                "1",
                                "{",
                                "{}",
                                R"({"v":2,"action":"hold","selector":{}})",
                                R"({"v":"1","action":"hold","selector":{}})",
                                R"({"action":"explode","selector":{}})",
                                R"({"action":7,"selector":{}})",
                                R"({"action":"hold"})",
                                R"({"selector":{}})",
                                R"({"action":"hold","selector":[]})",
                                R"({"action":"hold","selector":{"older":5}})",
                                R"({"action":"hold","selector":{},"matched_max":-1})",
                                R"({"action":"hold","selector":{},"matched_max":1.5})",
                                R"({"action":"hold","selector":{},"matched_max":18446744073709551616})",
                                R"({"action":"hold","selector":{"domain":""}})",
                                R"({"action":"hold","selector":{}} trailing)",
                                "{\"action\":\"hold\",\"selector\":{\"domain\":\"\xff\"}}",
                                std::string(100'000, '['),
                                R"({"action":"hold","selector":{"all":"perhaps"}})"}) {
    const auto request = decode<ActRequest>(bad);
    ASSERT_FALSE(request) << bad.substr(0, 100);
    EXPECT_EQ(request.error().code, Errc::invalid) << bad.substr(0, 100);
  }
}

TEST(Codec, a_send_request_is_checked_like_a_dialogue) {
  const std::string head = R"({"from":null,"recipients":[{"address":"a@example.org",)";
  EXPECT_TRUE(decode<SendRequest>(head + R"("notify":["success","delay"]}]})"));
  EXPECT_FALSE(decode<SendRequest>(head + R"("notify":["never","delay"]}]})"));
  EXPECT_FALSE(decode<SendRequest>(head + R"("notify":["sometimes"]}]})"));
  EXPECT_FALSE(decode<SendRequest>(R"({"recipients":[]})")) << "a forgotten sender is not the null sender";
  EXPECT_FALSE(decode<SendRequest>(R"({"from":"x","recipients":[]})"));
  EXPECT_FALSE(decode<SendRequest>(R"({"from":"a@b.example\r\nX: y","recipients":[]})"));
  EXPECT_TRUE(decode<SendRequest>(R"({"from":null,"recipients":[{"address":"Postmaster"}]})"));
}

TEST(Codec, errors_round_trip) {
  for (const Errc code :
       {Errc::invalid, Errc::not_found, Errc::refused, Errc::no_space, Errc::busy, Errc::internal}) {
    const Error error{code, "a \"quoted\" reason"};
    EXPECT_EQ(decode_error(encode_error(error)), error);
  }
  EXPECT_EQ(encode_error({Errc::not_found, "gone"}),
            R"({"v":1,"error":{"code":"not_found","message":"gone"}})");
  EXPECT_FALSE(decode_error("{}"));
}

TEST(Codec, times_are_read_strictly) {
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2026-11-21T02:49:10.123Z")), "2026-11-21T02:49:10.123Z");
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2026-11-21T02:49:10.5Z")), "2026-11-21T02:49:10.500Z");
  for (const char* bad : {"", "2026", "2026-11-21T02:49:10", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                          "2026-11-21T24:00:00Z", "2026-11-21 02:49:10Z", "2026-11-21T02:49:10.Z",
                          "2026-11-21T02:49:10.12345Z", "2026-11-21T02:49:10+00Z", "2026-11-21T02:49:1xZ"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

TEST(Codec, cursors_are_read_strictly) {
  EXPECT_EQ(parse_cursor("000000000001/7"), (Cursor{MessageId{1}, 7}));
  for (const char* bad : {"", "/", "000000000001", "000000000001/", "000000000001/-1", "000000000001/1x",
                          "000000000001/99999999999"}) {
    EXPECT_FALSE(parse_cursor(bad)) << bad;
  }
}
}  // namespace
}  // namespace waybill::control
