// Whole reports, read back by an independent reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bounce/human.h"
#include "bounce/report.h"
#include "bounce/returned.h"
#include "support/report_reader.h"

namespace waybill::bounce {
namespace {
using test::Entity;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kMessage =
    "From: Ann <ann@example.org>\r\nMessage-ID: <1@example.org>\r\nSubject: Hello\r\n\r\nSecret words.\r\n";
const Time kNow{Millis{1'800'000'000'000}};

class Compose : public ::testing::Test {
 protected:
  Compose() {
    settings.hostname = mail::Domain::parse("mx1.example.net").value();
    original.id = MessageId{123456789};
    original.arrived = kNow - std::chrono::days{5};
    original.envelope.from = mail::Address::parse("ann@example.org").value();
    original.origin.helo = "client.example.org";
    original.origin.client_ip = IpAddress::parse("192.0.2.9").value();
    body(std::string(kMessage));
  }

  void body(std::string text) { original.body = std::make_shared<mail::MemoryBody>(std::move(text)); }

  Recipient& add(std::string_view address, Action action = Action::failed) {
    Recipient& out = recipients.emplace_back();
    out.recipient.address = mail::Address::parse(address).value();
    out.action = action;
    out.reply = {550, {5, 1, 1}, "no such user here"};
    out.remote = true;
    out.host = "mx.example.com";
    out.address = "198.51.100.1:25";
    out.last_attempt = kNow;
    return out;
  }

  // Composes, checks what holds for every report, and takes it apart.
  void run() {
    const auto composed = compose(original, recipients, settings, MessageId{987654321}, kNow);
    ASSERT_TRUE(composed) << composed.error().what;
    report = *composed;
    text = test::text_of(report);
    EXPECT_EQ(report.size_octets, text.size());
    EXPECT_TRUE(test::lines_are_sound(text)) << text;
    const auto whole = test::read_entity(text);
    ASSERT_TRUE(whole);
    message = *whole;
    const auto read = test::read_parts(message);
    ASSERT_TRUE(read) << text;
    parts = *read;
    ASSERT_GE(parts.size(), 2u);
    const auto read_groups = test::read_groups(parts[1].body);
    ASSERT_TRUE(read_groups) << parts[1].body;
    groups = *read_groups;
    ASSERT_EQ(groups.size(), recipients.size() + 1);
  }

  Original original;
  std::vector<Recipient> recipients;
  Settings settings;
  Report report;
  std::string text;
  Entity message;
  std::vector<Entity> parts;
  std::vector<Entity> groups;
};

using Rfc = Compose;

TEST_F(Rfc, rfc_093_a_failure_has_every_required_field) {
  original.envelope.envid = "QQ314159";
  add("john@example.com").recipient.orcpt = "rfc822;John@old.example.com";
  run();
  EXPECT_FALSE(report.envelope.from.has_value());
  ASSERT_EQ(report.envelope.recipients.size(), 1u);
  EXPECT_EQ(report.envelope.recipients[0].address.to_string(), "ann@example.org");
  EXPECT_EQ(report.envelope.recipients[0].notify, mail::notify_never);
  EXPECT_EQ(report.envelope.body, mail::BodyType::seven_bit);
  EXPECT_EQ(message.get("From"), "Mail Delivery System <MAILER-DAEMON@mx1.example.net>");
  EXPECT_EQ(message.get("To"), "<ann@example.org>");
  EXPECT_EQ(message.get("Auto-Submitted"), "auto-replied");
  EXPECT_EQ(message.get("In-Reply-To"), "<1@example.org>");
  EXPECT_EQ(message.get("MIME-Version"), "1.0");
  EXPECT_THAT(message.get("Content-Type"), HasSubstr("multipart/report; report-type=delivery-status;"));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1].get("Content-Type"), "message/delivery-status");
  EXPECT_EQ(groups[0].get("Reporting-MTA"), "dns; mx1.example.net");
  EXPECT_EQ(groups[0].get("Original-Envelope-Id"), "QQ314159");
  EXPECT_EQ(groups[0].get("Received-From-MTA"), "dns; client.example.org ([192.0.2.9])");
  EXPECT_EQ(groups[0].get("Arrival-Date"), format_rfc5322(original.arrived));
  EXPECT_EQ(groups[1].get("Original-Recipient"), "rfc822; John@old.example.com");
  EXPECT_EQ(groups[1].get("Final-Recipient"), "rfc822; john@example.com");
  EXPECT_EQ(groups[1].get("Action"), "failed");
  EXPECT_EQ(groups[1].get("Status"), "5.1.1");
  EXPECT_EQ(groups[1].get("Remote-MTA"), "dns; mx.example.com");
  EXPECT_EQ(groups[1].get("Diagnostic-Code"), "smtp; 550 5.1.1 no such user here");
  EXPECT_EQ(groups[1].get("Last-Attempt-Date"), format_rfc5322(kNow));
  EXPECT_EQ(groups[1].get("Final-Log-ID"), original.id.to_string());
}

TEST_F(Compose, people_can_read_what_happened) {
  add("john@example.com");
  run();
  EXPECT_EQ(message.get("Subject"), "Your message could not be delivered");
  const std::string& human = parts[0].body;
  EXPECT_THAT(human, HasSubstr("  <john@example.com>\r\n"));
  EXPECT_THAT(
      human,
      HasSubstr(
          "The mail server mx.example.com (198.51.100.1:25) said:\r\n      550 5.1.1 no such user here\r\n"));
  EXPECT_THAT(human, HasSubstr("Check the address"));
  for (const std::string_view line : split(human, '\n')) EXPECT_LE(line.size(), 79u) << line;
}

TEST_F(Compose, one_report_for_several_recipients) {
  add("john@example.com");
  add("jane@example.com", Action::delayed).will_retry_until = kNow + std::chrono::days{1};
  recipients[1].reply = {450, {4, 2, 0}, "later"};
  add("jim@example.com", Action::relayed).reply = {250, {2, 0, 0}, "ok"};
  run();
  EXPECT_EQ(groups[2].get("Action"), "delayed");
  EXPECT_EQ(groups[2].get("Status"), "4.2.0");
  EXPECT_EQ(groups[2].get("Will-Retry-Until"), format_rfc5322(kNow + std::chrono::days{1}));
  EXPECT_EQ(groups[3].get("Action"), "relayed");
  EXPECT_EQ(groups[3].get("Status"), "2.0.0");
  EXPECT_EQ(message.get("Subject"), "Your message could not be delivered");
}

TEST_F(Compose, a_delay_notice_returns_only_the_header) {
  original.envelope.ret = mail::Ret::full;
  add("jane@example.com", Action::delayed).reply = {};
  run();
  EXPECT_EQ(message.get("Subject"), "Your message is delayed");
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[2].get("Content-Type"), "text/rfc822-headers");
  EXPECT_THAT(text, Not(HasSubstr("Secret")));
  EXPECT_EQ(groups[1].count("Diagnostic-Code"), 0u);
  EXPECT_THAT(parts[0].body, HasSubstr("you need not send it again"));
}

TEST_F(Compose, a_failure_returns_a_small_message_whole_and_shares_it) {
  add("john@example.com");
  run();
  EXPECT_EQ(parts[2].get("Content-Type"), "message/rfc822");
  EXPECT_EQ(parts[2].body, kMessage);
  const auto& chunk = dynamic_cast<const mail::MemoryBody&>(*original.body).chunks()[0];
  EXPECT_TRUE(std::ranges::any_of(report.chunks,
                                  [&](const Chunk& c) { return c.view().data() == chunk.view().data(); }));
}

TEST_F(Rfc, rfc_092_ret_hdrs_returns_the_header_only) {
  original.envelope.ret = mail::Ret::headers;
  add("john@example.com");
  run();
  EXPECT_EQ(parts[2].get("Content-Type"), "text/rfc822-headers");
  EXPECT_EQ(parts[2].body,
            "From: Ann <ann@example.org>\r\nMessage-ID: <1@example.org>\r\nSubject: Hello\r\n");
}

TEST_F(Compose, a_large_message_comes_back_as_its_header_unless_asked) {
  std::string big(kMessage);
  for (int i = 0; i < 2000; ++i) big += "a line of text that is not very long\r\n";
  body(big);
  add("john@example.com");
  run();
  EXPECT_EQ(parts[2].get("Content-Type"), "text/rfc822-headers");
  EXPECT_THAT(parts[0].body, HasSubstr("The message is large"));
  original.envelope.ret = mail::Ret::full;
  run();
  EXPECT_EQ(parts[2].get("Content-Type"), "message/rfc822");
  settings.return_octets_asked = 1000;
  settings.return_octets = 1000;
  run();
  EXPECT_EQ(parts[2].get("Content-Type"), "text/rfc822-headers");
}

TEST_F(Compose, requiretls_returns_the_header_and_is_kept) {
  original.envelope.requiretls = true;
  add("john@example.com");
  run();
  EXPECT_TRUE(report.envelope.requiretls);
  EXPECT_EQ(parts[2].get("Content-Type"), "text/rfc822-headers");
}

TEST_F(Compose, eight_bit_is_declared) {
  body("Subject: x\r\n\r\nGr\xc3\xbc\xc3\x9f\x65\r\n");
  add("john@example.com");
  run();
  EXPECT_EQ(report.envelope.body, mail::BodyType::eight_bit);
  EXPECT_EQ(message.get("Content-Transfer-Encoding"), "8bit");
  EXPECT_EQ(parts[2].get("Content-Transfer-Encoding"), "8bit");
  EXPECT_EQ(parts[2].get("Content-Type"), "message/rfc822");
  EXPECT_FALSE(report.envelope.smtputf8);
}

TEST_F(Compose, a_raw_eight_bit_header_is_encoded) {
  body("Subject: gr\xfcn\r\n\r\nx\r\n");
  original.envelope.ret = mail::Ret::headers;
  add("john@example.com");
  run();
  EXPECT_EQ(parts[2].get("Content-Transfer-Encoding"), "quoted-printable");
  EXPECT_EQ(parts[2].body, "Subject: gr=FCn\r\n");
  EXPECT_EQ(report.envelope.body, mail::BodyType::seven_bit);
}

TEST_F(Compose, what_can_not_travel_is_not_returned) {
  for (const std::string_view bad : {"bare\nnewline\r\n", "bare\rreturn\r\n"}) {
    body("Subject: x\r\n\r\n" + std::string(bad));
    recipients.clear();
    add("john@example.com");
    run();
    EXPECT_EQ(parts[2].get("Content-Type"), "text/rfc822-headers");
    EXPECT_THAT(parts[0].body, HasSubstr("Only the header"));
  }
  body("Subject: x\r\n\r\n" + std::string(1000, 'a') + "\r\n");
  run();
  EXPECT_EQ(parts[2].get("Content-Type"), "text/rfc822-headers");
}

TEST_F(Compose, an_international_report) {
  original.envelope.smtputf8 = true;
  original.envelope.from = mail::Address::parse("änn@example.org").value();
  body("From: <änn@example.org>\r\nSubject: Grüße\r\n\r\nx\r\n");
  add("jürgen@example.com");
  run();
  EXPECT_TRUE(report.envelope.smtputf8);
  EXPECT_EQ(message.get("To"), "<änn@example.org>");
  EXPECT_EQ(parts[0].get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(parts[1].get("Content-Type"), "message/global-delivery-status");
  EXPECT_EQ(groups[1].get("Final-Recipient"), "utf-8; jürgen@example.com");
  EXPECT_EQ(parts[2].get("Content-Type"), "message/global");
  original.envelope.ret = mail::Ret::headers;
  run();
  EXPECT_EQ(parts[2].get("Content-Type"), "message/global-headers");
}

TEST_F(Compose, smtputf8_that_was_not_needed_asks_for_none) {
  original.envelope.smtputf8 = true;
  add("john@example.com");
  run();
  EXPECT_FALSE(report.envelope.smtputf8);
  EXPECT_EQ(parts[1].get("Content-Type"), "message/delivery-status");
}

TEST_F(Compose, hostile_words_stay_words) {
  Recipient& recipient = add("john@example.com");
  recipient.reply.text =
      "no\r\nBcc: victim@example.org\r\n\r\n--=_x\r\nContent-Type: "
      "text/html\r\n\r\n<b>\x1b[31m\xe2\x80\xae\xff";
  recipient.host = "mx\r\nAction: delivered";
  recipient.recipient.orcpt = "rfc822;a\r\nStatus: 2.0.0";
  original.envelope.envid = "id\r\nReporting-MTA: dns; evil";
  original.origin.helo = "evil\r\nX: y";
  run();
  EXPECT_EQ(message.count("Bcc"), 0u);
  EXPECT_EQ(parts.size(), 3u);
  EXPECT_EQ(groups[0].count("Reporting-MTA"), 1u);
  EXPECT_EQ(groups[0].get("Received-From-MTA"), "dns; [192.0.2.9] ([192.0.2.9])");
  EXPECT_EQ(groups[1].count("Action"), 1u);
  EXPECT_EQ(groups[1].count("Status"), 1u);
  EXPECT_THAT(groups[1].get("Diagnostic-Code"), HasSubstr("no / Bcc: victim@example.org"));
  EXPECT_TRUE(is_ascii(text));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST_F(Compose, a_message_that_foretells_the_boundary_is_not_torn) {
  add("john@example.com");
  run();
  const std::string type = message.get("Content-Type");
  const size_t from = type.find("boundary=\"") + 10;
  const std::string boundary = type.substr(from, type.find('"', from) - from);
  // The boundary depends on everything but the body, so this one would collide.
  body("Subject: x\r\n\r\n--" + boundary + "\r\nContent-Type: text/html\r\n\r\n<b>\r\n--" + boundary +
       "--\r\n");
  run();
  EXPECT_EQ(parts.size(), 3u);
  EXPECT_THAT(parts[2].body, HasSubstr(boundary));
}

TEST_F(Compose, a_very_long_header_is_cut_at_a_line) {
  std::string header;
  for (int i = 0; i < 5000; ++i) header += fmt::format("X-Filler-{}: some text to fill a line\r\n", i);
  std::vector<Chunk> chunks;
  for (size_t at = 0; at < header.size(); at += 1000) chunks.emplace_back(header.substr(at, 1000));
  original.body = std::make_shared<mail::MemoryBody>(std::move(chunks));
  add("john@example.com");
  run();
  EXPECT_LE(parts[2].body.size(), kReturnedHeaderOctetsMax);
  EXPECT_GT(parts[2].body.size(), kReturnedHeaderOctetsMax - 100);
  EXPECT_TRUE(header.starts_with(parts[2].body));
  EXPECT_THAT(parts[0].body, HasSubstr("header is very long"));
}

class Unreadable final : public mail::Body {
 public:
  [[nodiscard]] uint64_t size_octets() const override { return 100; }
  [[nodiscard]] uint32_t chunk_count() const override { return 1; }
  [[nodiscard]] Result<Chunk> chunk(uint32_t) const override { return fail(Errc::io, "disk error"); }
};

TEST_F(Compose, the_sender_is_told_even_when_the_message_is_unreadable) {
  original.body = std::make_shared<Unreadable>();
  add("john@example.com");
  run();
  EXPECT_EQ(parts.size(), 2u);
  EXPECT_THAT(parts[0].body, HasSubstr("could not be read"));
  original.body = nullptr;
  run();
  EXPECT_EQ(parts.size(), 2u);
}

TEST_F(Compose, an_empty_message_and_one_without_header) {
  add("john@example.com");
  for (const std::string_view odd : {"", "\r\nbody only\r\n", "no end"}) {
    body(std::string(odd));
    run();
    EXPECT_EQ(parts.size(), 3u);
  }
}

TEST_F(Compose, an_expired_recipient_hears_how_long_it_was_tried) {
  Recipient& recipient = add("john@example.com");
  recipient.expired = true;
  recipient.remote = false;
  recipient.host.clear();
  recipient.reply = {451, {4, 4, 1}, "connection timed out"};
  run();
  EXPECT_THAT(parts[0].body, HasSubstr("It was tried for 5d, without success."));
  EXPECT_EQ(groups[1].get("Status"), "4.4.1");
  EXPECT_EQ(groups[1].count("Remote-MTA"), 0u);
  EXPECT_EQ(groups[1].get("Diagnostic-Code"), "x-waybill; 451 4.4.1 connection timed out");
}

TEST_F(Compose, many_recipients_are_listed_in_bounds) {
  for (int i = 0; i < 1000; ++i) add(fmt::format("user{}@example.com", i));
  run();
  EXPECT_THAT(parts[0].body, HasSubstr("The other 900 recipients"));
  EXPECT_EQ(groups.size(), 1001u);
  for (const Chunk& chunk : report.chunks) EXPECT_LE(chunk.size(), kChunkOctetsMax);
}

TEST_F(Rfc, rfc_094_compose_refuses_the_null_sender) {
  add("john@example.com");
  original.envelope.from.reset();
  EXPECT_FALSE(compose(original, recipients, settings, MessageId{1}, kNow));
  original.envelope.from = mail::Address::parse("ann@example.org").value();
  EXPECT_FALSE(compose(original, {}, settings, MessageId{1}, kNow));
}

TEST(Contains, finds_across_chunks) {
  const auto chunks = [](std::initializer_list<std::string> texts) {
    std::vector<Chunk> out;
    for (const std::string& text : texts) out.emplace_back(text);
    return out;
  };
  EXPECT_TRUE(contains(chunks({"xxab", "cdyy"}), "abcd"));
  EXPECT_TRUE(contains(chunks({"a", "b", "c", "d"}), "abcd"));
  EXPECT_TRUE(contains(chunks({"xxxxxxxxxxxxxxxa", "b", "cdxxxxxxxxxx"}), "abcd"));
  EXPECT_FALSE(contains(chunks({"abc", "abc", "d?"}), "abcdx"));
  EXPECT_FALSE(contains({}, "a"));
}
}  // namespace
}  // namespace waybill::bounce
