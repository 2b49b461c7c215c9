// The commands one by one, and the order in which they may come.
#include <gmock/gmock.h>

#include "support/session_driver.h"

namespace waybill::test {
namespace {
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

SessionDriver greeted(std::shared_ptr<const receive::Settings> settings = test_settings(), World world = {}) {
  SessionDriver driver(std::move(settings), std::move(world));
  driver.start();
  driver.say("EHLO client.example\r\n");
  return driver;
}

std::string send_simple(SessionDriver& driver, std::string_view text = "Subject: x\r\n\r\nhello\r\n") {
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\nDATA\r\n");
  return driver.say(std::string(text) + ".\r\n");
}

TEST(Session, takes_a_message_and_says_its_id) {
  SessionDriver driver;
  EXPECT_EQ(driver.start(), "220 mx.example ESMTP waybill\r\n");
  EXPECT_EQ(driver.say("EHLO client.example\r\n"),
            "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
            "250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN\r\n");
  EXPECT_EQ(driver.say("MAIL FROM:<a@b.example> SIZE=100\r\n"), "250 2.1.0 sender ok\r\n");
  EXPECT_EQ(driver.say("RCPT TO:<john@c.example>\r\n"), "250 2.1.5 recipient ok\r\n");
  EXPECT_THAT(driver.say("DATA\r\n"), StartsWith("354 "));
  EXPECT_THAT(driver.committed(), IsEmpty());
  EXPECT_EQ(driver.say("Subject: x\r\n\r\n..dot\r\n.\r\n"), "250 2.0.0 000000000001 queued\r\n");
  ASSERT_THAT(driver.committed(), SizeIs(1));
  const Committed& message = driver.committed()[0];
  EXPECT_EQ(message.content, "Subject: x\r\n\r\n.dot\r\n");
  EXPECT_EQ(message.envelope.from->to_string(), "a@b.example");
  ASSERT_THAT(message.envelope.recipients, SizeIs(1));
  EXPECT_EQ(message.origin.helo, "client.example");
  EXPECT_EQ(message.size_octets, message.trace.size() + message.content.size());
  EXPECT_EQ(driver.say("QUIT\r\n"), "221 2.0.0 mx.example closing\r\n");
  EXPECT_TRUE(driver.closed());
}

TEST(Session, answers_a_pipelined_group_in_one_go) {
  auto driver = greeted();
  const std::string replies =
      driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<x@c.example>\r\nRCPT TO:<no@c.example>\r\nDATA\r\n");
  EXPECT_THAT(reply_codes(replies), ElementsAre(250, 250, 550, 354));
}

TEST(Rfc, rfc_057_errors_are_told_apart_and_the_session_survives) {
  auto driver = greeted();
  EXPECT_THAT(driver.say("FOO bar\r\n"), StartsWith("500 5.5.2"));
  EXPECT_THAT(driver.say("MAIL FROM:a@b\r\n"), StartsWith("501 5.1.7"));
  EXPECT_THAT(driver.say("MAIL\r\n"), StartsWith("501 5.5.4"));
  EXPECT_THAT(driver.say("DATA\r\n"), StartsWith("503 5.5.1"));
  EXPECT_THAT(driver.say("RCPT TO:<a@b.example>\r\n"), StartsWith("503 5.5.1"));
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example> FOO=bar\r\n"), StartsWith("555 5.5.4"));
  EXPECT_THAT(driver.say("RSET now\r\n"), StartsWith("501 5.5.4"));
  EXPECT_THAT(driver.say("EXPN list\r\n"), StartsWith("502 5.5.1"));
  EXPECT_THAT(driver.say("VRFY john\r\n"), StartsWith("252 2.1.5"));
  EXPECT_THAT(driver.say("HELP\r\n"), StartsWith("214-2.0.0"));
  EXPECT_EQ(driver.say("NOOP hello\r\n"), "250 2.0.0 ok\r\n");
  EXPECT_THAT(send_simple(driver), StartsWith("250 2.0.0"));
}

TEST(Rfc, rfc_058_null_reverse_path_is_accepted) {
  auto driver = greeted();
  EXPECT_THAT(driver.say("MAIL FROM:<>\r\n"), StartsWith("250"));
  driver.say("RCPT TO:<john@c.example>\r\nDATA\r\n");
  driver.say("x\r\n.\r\n");
  ASSERT_THAT(driver.committed(), SizeIs(1));
  EXPECT_FALSE(driver.committed()[0].envelope.from.has_value());
}

TEST(Rfc, rfc_059_postmaster_needs_no_domain) {
  auto driver = greeted();
  EXPECT_THAT(driver.say("MAIL FROM:<>\r\nRCPT TO:<pOstMaster>\r\n"), HasSubstr("250 2.1.5"));
  driver.say("DATA\r\n");
  driver.say("x\r\n.\r\n");
  ASSERT_THAT(driver.committed(), SizeIs(1));
  EXPECT_EQ(driver.committed()[0].envelope.recipients[0].address.to_string(), "pOstMaster@mx.example");
}

TEST(Rfc, rfc_060_source_route_is_dropped) {
  auto driver = greeted();
  driver.say("MAIL FROM:<@x.example:s@t.example>\r\n");
  EXPECT_THAT(driver.say("RCPT TO:<@a.example,@b.example:u@c.example>\r\n"), StartsWith("250"));
  EXPECT_EQ(driver.session().envelope().recipients[0].address.to_string(), "u@c.example");
  EXPECT_EQ(driver.session().envelope().from->to_string(), "s@t.example");
}

TEST(Rfc, rfc_061_rset_or_a_second_ehlo_clears_the_envelope) {
  auto driver = greeted();
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(driver.say("RSET\r\n"), StartsWith("250"));
  EXPECT_THAT(driver.say("RCPT TO:<john@c.example>\r\n"), StartsWith("503"));
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(driver.say("EHLO again.example\r\n"), StartsWith("250-"));
  EXPECT_THAT(driver.say("DATA\r\n"), StartsWith("503"));
}

TEST(Rfc, rfc_061_a_bad_ehlo_changes_nothing) {
  auto driver = greeted();
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(driver.say("EHLO\r\n"), StartsWith("501 5.5.4"));
  EXPECT_THAT(driver.say("DATA\r\n"), StartsWith("354"));
}

TEST(Rfc, rfc_062_sizes_that_must_be_accepted_are) {
  auto driver = greeted();
  const std::string local(64, 'l');
  std::string domain;
  while (domain.size() < 240) domain += "abcdefghi.";
  domain += "example";
  EXPECT_THAT(driver.say("MAIL FROM:<" + local + "@" + domain + ">\r\n"), StartsWith("250"));
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(driver.say(fmt::format("RCPT TO:<u{}@c.example>\r\n", i)), StartsWith("250"));
  }
  EXPECT_THAT(driver.say("RCPT TO:<" + std::string(65, 'l') + "@c.example>\r\n"), StartsWith("501 5.1.3"));
  driver.say("DATA\r\n");
  EXPECT_THAT(driver.say(std::string(998, 'x') + "\r\n.\r\n"), StartsWith("250"));
  EXPECT_THAT(driver.committed()[0].envelope.recipients, SizeIs(100));
  EXPECT_THAT(driver.say("NOOP " + std::string(512 - 7, 'x') + "\r\n"), StartsWith("250"));
}

/// A domain of that many octets as text; on the wire it takes two more (RFC 1035 3.1).
std::string domain_of(size_t octets) {
  std::string out;
  while (out.size() + 64 <= octets)
    out += std::string(std::min<size_t>(63, octets - out.size() - 3), 'd') + ".";
  out += std::string(octets - out.size(), 'e');
  EXPECT_EQ(out.size(), octets);
  return out;
}

TEST(Rfc, rfc_062_a_domain_may_have_253_octets_the_most_that_the_dns_has_a_name_for) {
  // RFC 5321 4.5.3.1.2 says 255; RFC 1035 2.3.4 counts those on the wire, where 253 octets of text take 255.
  auto driver = greeted();
  const std::string longest = domain_of(253);
  EXPECT_THAT(driver.say("MAIL FROM:<a@" + longest + ">\r\n"), StartsWith("250"));
  EXPECT_THAT(driver.say("RCPT TO:<b@" + longest + ">\r\n"), StartsWith("250"));
  for (const size_t octets : {254U, 255U, 256U}) {
    EXPECT_THAT(driver.say("RCPT TO:<b@" + domain_of(octets) + ">\r\n"), StartsWith("501 5.1.3")) << octets;
  }
  driver.say("RSET\r\n");
  EXPECT_THAT(driver.say("MAIL FROM:<a@" + domain_of(254) + ">\r\n"), StartsWith("501 5.1.7"));
  EXPECT_THAT(driver.say("EHLO " + longest + "\r\n"), StartsWith("250-"));
}

TEST(Session, a_line_too_long_is_refused_once_and_skipped) {
  auto driver = greeted();
  EXPECT_THAT(reply_codes(driver.say("NOOP " + std::string(5000, 'x') + "\r\nNOOP\r\n")),
              ElementsAre(500, 250));
  EXPECT_EQ(driver.say("NOOP " + std::string(3000, 'x')), "");
  EXPECT_EQ(driver.say(std::string(100'000, 'y')), "");
  EXPECT_THAT(reply_codes(driver.say("\r\nNOOP\r\n")), ElementsAre(500, 250));
}

TEST(Session, a_bare_lf_in_commands_ends_the_session) {
  auto driver = greeted();
  EXPECT_THAT(driver.say("NOOP\nMAIL FROM:<a@b.example>\r\n"), StartsWith("521 5.5.2"));
  EXPECT_TRUE(driver.closed());
}

TEST(Session, a_nul_or_bare_cr_in_a_command_is_refused) {
  auto driver = greeted();
  EXPECT_THAT(driver.say(std::string("NOOP a\0b\r\n", 10)), StartsWith("500 5.5.2"));
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example>\rRCPT TO:<x@y.example>\r\n"), StartsWith("500 5.5.2"));
  EXPECT_FALSE(driver.closed());
}

TEST(Rfc, rfc_063_more_than_100_received_fields_are_a_loop) {
  auto driver = greeted();
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "rEceived: from a by b;\r\n\tfolded received: too\r\n";
  EXPECT_THAT(send_simple(driver, hundred + "\r\nbody\r\n"), StartsWith("250"));
  EXPECT_THAT(send_simple(driver, hundred + "Received: x\r\n\r\nbody\r\n"), StartsWith("550 5.4.6"));
  EXPECT_THAT(send_simple(driver, hundred + "\r\nReceived: in the body\r\n"), StartsWith("250"));
  EXPECT_THAT(driver.committed(), SizeIs(2));
}

TEST(Rfc, rfc_064_received_says_how_it_came) {
  auto settings = test_settings();
  settings->starttls = receive::StartTls::offered;
  SessionDriver driver(settings);
  driver.start();
  driver.say("HELO old\r\n");
  send_simple(driver);
  driver.say("EHLO new.example\r\n");
  send_simple(driver);
  driver.say("STARTTLS\r\n");
  driver.say("EHLO new.example\r\n");
  send_simple(driver);
  ASSERT_THAT(driver.committed(), SizeIs(3));
  EXPECT_EQ(driver.committed()[0].trace,
            "Received: from old ([192.0.2.7])\r\n\tby mx.example with SMTP id 000000000001\r\n"
            "\tfor <john@c.example>;\r\n\tFri, 15 Jan 2027 08:00:00 +0000\r\n");
  EXPECT_THAT(driver.committed()[1].trace, HasSubstr("with ESMTP id 000000000002"));
  EXPECT_THAT(driver.committed()[2].trace,
              HasSubstr("with ESMTPS\r\n\t(using TLSv1.3 with cipher X) id 000000000003"));
  receive::Protocol protocol{receive::Protocol::Greeting::ehlo, false, true, true};
  EXPECT_EQ(protocol.name(), "ESMTPSA");
  protocol.tls = false;
  EXPECT_EQ(protocol.name(), "ESMTPA");
  protocol.utf8 = true;
  EXPECT_EQ(protocol.name(), "UTF8SMTPA");
}

TEST(Session, received_hides_blind_copies_and_hostile_greetings) {
  SessionDriver driver;
  driver.start();
  driver.say("EHLO evil(\\\"name\r\n");
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<x@c.example>\r\nRCPT TO:<y@c.example>\r\nDATA\r\n");
  driver.say("x\r\n.\r\n");
  EXPECT_THAT(driver.committed()[0].trace,
              AllOf(StartsWith("Received: from evil???name ("), Not(HasSubstr("for <"))));
}

TEST(Rfc, rfc_066_dots_round_trip) {
  auto driver = greeted();
  send_simple(driver, "..\r\n...\r\n." + std::string(998, 'd') + "\r\n");
  EXPECT_EQ(driver.committed()[0].content, ".\r\n..\r\n" + std::string(998, 'd') + "\r\n");
}

TEST(Rfc, rfc_070_data_without_a_valid_recipient) {
  auto driver = greeted();
  EXPECT_THAT(reply_codes(driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<no@c.example>\r\nDATA\r\n")),
              ElementsAre(250, 550, 554));
  EXPECT_FALSE(driver.closed());
  // The text that comes all the same is not run as commands.
  EXPECT_THAT(driver.say("Subject: x\r\nMAIL FROM:<evil@b.example>\r\n"), StartsWith("521"));
  EXPECT_TRUE(driver.closed());
}

TEST(Rfc, rfc_070_text_pipelined_behind_a_refused_data_is_not_run) {
  auto driver = greeted();
  EXPECT_THAT(reply_codes(driver.say(
                  "MAIL FROM:<a@b.example>\r\nRCPT TO:<no@c.example>\r\nDATA\r\n"
                  "RSET\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<john@c.example>\r\nDATA\r\nx\r\n.\r\n")),
              ElementsAre(250, 550, 554));
  EXPECT_TRUE(driver.closed());
  EXPECT_THAT(driver.committed(), IsEmpty());
}

TEST(Rfc, rfc_071_talking_before_the_banner_or_the_ehlo_reply_is_refused) {
  SessionDriver early;
  early.session().on_early_talk();
  EXPECT_THAT(early.start(), StartsWith("554 5.5.0"));
  EXPECT_TRUE(early.closed());
  SessionDriver hasty;
  hasty.start();
  EXPECT_THAT(reply_codes(hasty.say("EHLO spam.example\r\nMAIL FROM:<a@b.example>\r\n")), ElementsAre(554));
  EXPECT_TRUE(hasty.closed());
}

TEST(Rfc, rfc_073_bdat_keeps_dots_and_consumes_octets_even_when_refused) {
  auto driver = greeted();
  EXPECT_THAT(reply_codes(driver.say("BDAT 6 LAST\r\nRSET\r\nNOOP\r\n")), ElementsAre(503, 250));
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<no@c.example>\r\n");
  EXPECT_THAT(reply_codes(driver.say("BDAT 6\r\nQUIT\r\nNOOP\r\n")), ElementsAre(554, 250));
  driver.say("RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(reply_codes(driver.say("BDAT 5\r\n.\r\n..BDAT 5 LAST\r\n\r\n.\r\nNOOP\r\n")),
              ElementsAre(250, 250, 250));
  ASSERT_THAT(driver.committed(), SizeIs(1));
  EXPECT_EQ(driver.committed()[0].content, ".\r\n..\r\n.\r\n");
}

TEST(Rfc, rfc_074_bdat_0_last_completes_and_data_after_bdat_is_refused) {
  auto driver = greeted();
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(driver.say("BDAT 4\r\nab\r\n"), StartsWith("250"));
  EXPECT_THAT(driver.say("DATA\r\n"), StartsWith("503 5.5.1"));
  EXPECT_THAT(driver.say("RCPT TO:<other@c.example>\r\n"), StartsWith("503"));
  EXPECT_THAT(driver.say("MAIL FROM:<other@c.example>\r\n"), StartsWith("503"));
  EXPECT_THAT(driver.say("BDAT 0 LAST\r\n"), StartsWith("250 2.0.0 000000000001 queued"));
  EXPECT_EQ(driver.committed()[0].content, "ab\r\n");
  EXPECT_THAT(driver.committed()[0].envelope.recipients, SizeIs(1));
}

TEST(Session, bdat_text_that_lacks_its_last_line_end_gets_one) {
  auto driver = greeted();
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\nBDAT 2 LAST\r\nab");
  EXPECT_EQ(driver.committed()[0].content, "ab\r\n");
}

TEST(Session, a_bdat_without_a_size_ends_the_session) {
  auto driver = greeted();
  EXPECT_THAT(reply_codes(driver.say("BDAT many\r\nRSET\r\n")), ElementsAre(501, 421));
  EXPECT_TRUE(driver.closed());
}

TEST(Session, a_refused_chunk_ends_the_transaction) {
  auto driver = greeted();
  driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(driver.say("BDAT 3\r\na\nb"), StartsWith("550 5.6.0"));
  EXPECT_THAT(driver.abandoned(), ElementsAre(1));
  EXPECT_THAT(reply_codes(driver.say("BDAT 3 LAST\r\nxyzDATA\r\n")), ElementsAre(503, 503));
  EXPECT_THAT(driver.committed(), IsEmpty());
}

TEST(Rfc, rfc_075_binarymime_is_not_offered_and_not_taken) {
  SessionDriver driver;
  driver.start();
  EXPECT_THAT(driver.say("EHLO c.example\r\n"), Not(HasSubstr("BINARYMIME")));
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n"), StartsWith("555 5.6.3"));
}

TEST(Rfc, rfc_075_after_body_binarymime_there_is_no_transaction_for_data) {
  // RFC 3030 3: never DATA for BINARYMIME. Refused with the parameter, it leaves nothing that DATA could end.
  auto driver = greeted();
  EXPECT_THAT(reply_codes(driver.say("MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n"
                                     "RCPT TO:<john@c.example>\r\nDATA\r\n")),
              ElementsAre(555, 503, 503));
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example> SIZE=10 body=binarymime\r\n"), StartsWith("555 5.6.3"));
  EXPECT_THAT(reply_codes(driver.say("RCPT TO:<john@c.example>\r\nBDAT 3 LAST\r\na\nb")),
              ElementsAre(503, 503));
  EXPECT_THAT(driver.committed(), IsEmpty());
}

TEST(Rfc, rfc_075_data_after_bdat_is_503_and_the_chunks_go_on) {
  auto driver = greeted();
  driver.say("MAIL FROM:<a@b.example> BODY=8BITMIME\r\nRCPT TO:<john@c.example>\r\n");
  EXPECT_THAT(driver.say("BDAT 5\r\nabc\r\n"), StartsWith("250"));
  EXPECT_THAT(driver.say("DATA\r\n"), StartsWith("503 5.5.1"));
  EXPECT_THAT(driver.committed(), IsEmpty());
  EXPECT_THAT(driver.say("BDAT 5 LAST\r\ndef\r\n"), StartsWith("250 2.0.0"));
  ASSERT_THAT(driver.committed(), SizeIs(1));
  EXPECT_EQ(driver.committed()[0].content, "abc\r\ndef\r\n");
}

TEST(Rfc, rfc_076_too_big_is_552_and_a_full_disk_is_452) {
  auto settings = test_settings();
  settings->message_octets_max = 1000;
  World world;
  Error disk{Errc::no_space, "full"};
  world.commit = [&] { return Status(std::unexpected(disk)); };
  auto driver = greeted(settings, world);
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example> SIZE=1001\r\n"), StartsWith("552 5.3.4"));
  EXPECT_THAT(send_simple(driver, std::string(600, 'x') + "\r\n" + std::string(600, 'x') + "\r\n"),
              StartsWith("552 5.3.4"));
  EXPECT_THAT(send_simple(driver), StartsWith("452 4.3.1"));
  disk.code = Errc::io;
  EXPECT_THAT(send_simple(driver), StartsWith("451 4.3.0"));
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\nBDAT 1001\r\n" +
                         std::string(1001, 'x')),
              HasSubstr("552 5.3.4"));
  EXPECT_THAT(driver.committed(), IsEmpty());
  EXPECT_THAT(driver.abandoned(), ElementsAre(1));  // the two that the store refused were the store's
}

TEST(Rfc, rfc_076_a_full_disk_while_chunks_come_in_is_452_and_never_a_commit) {
  World world;
  world.spill = [](uint32_t n) -> Status { return n < 1 ? Status{} : fail(Errc::no_space, "full"); };
  auto driver = greeted(test_settings(), world);
  const std::string line(998, 'x');
  std::string text;
  for (int i = 0; i < 1000; ++i) text += line + "\r\n";
  EXPECT_THAT(send_simple(driver, text), StartsWith("452 4.3.1"));
  EXPECT_THAT(driver.committed(), IsEmpty());
  EXPECT_THAT(driver.abandoned(), ElementsAre(1));
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example>\r\n"), StartsWith("250"));
}

TEST(Session, big_bodies_are_spilled_in_chunks_and_put_together_again) {
  auto driver = greeted();
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += fmt::format("line {} of the message, long enough to fill chunks\r\n", i);
  EXPECT_THAT(send_simple(driver, text), StartsWith("250"));
  ASSERT_THAT(driver.committed(), SizeIs(1));
  EXPECT_EQ(driver.committed()[0].content, text);
  EXPECT_GT(text.size(), 3 * kChunkOctetsMax);
  for (const auto& [id, chunks] : driver.spilled()) {
    EXPECT_THAT(chunks, SizeIs(text.size() / (kChunkOctetsMax - 2)));
    for (const std::string& chunk : chunks) EXPECT_LE(chunk.size(), kChunkOctetsMax);
  }
}

TEST(Rfc, rfc_080_utf8_address_needs_smtputf8) {
  auto driver = greeted();
  EXPECT_THAT(driver.say("MAIL FROM:<j\xc3\xbcrgen@b.example>\r\n"), StartsWith("553 5.6.7"));
  EXPECT_THAT(driver.say("MAIL FROM:<j\xc3\xbcrgen@b.example> SMTPUTF8\r\n"), StartsWith("250"));
  EXPECT_THAT(driver.say("RCPT TO:<j\xc3\xbcrgen@b\xc3\xbc"
                         "cher.example>\r\n"),
              StartsWith("250"));
  EXPECT_EQ(driver.session().envelope().recipients[0].address.domain.text(), "xn--bcher-kva.example");
  driver.say("RSET\r\nMAIL FROM:<a@b.example>\r\n");
  EXPECT_THAT(driver.say("RCPT TO:<j\xc3\xbcrgen@b.example>\r\n"), StartsWith("553 5.6.7"));
  EXPECT_THAT(driver.say("RCPT TO:<j\xff@b.example>\r\n"), StartsWith("501 5.1.3"));
}

TEST(Rfc, rfc_081_commands_behind_starttls_never_run) {
  auto settings = test_settings();
  settings->starttls = receive::StartTls::offered;
  auto driver = greeted(settings);
  driver.say("MAIL FROM:<a@b.example>\r\n");
  EXPECT_THAT(reply_codes(driver.say("STARTTLS\r\nRSET\r\n")), ElementsAre(554));
  EXPECT_TRUE(driver.closed());
}

TEST(Rfc, rfc_082_tls_forgets_what_came_before) {
  auto settings = test_settings();
  settings->starttls = receive::StartTls::offered;
  auto driver = greeted(settings);
  driver.say("MAIL FROM:<a@b.example>\r\n");
  EXPECT_THAT(driver.say("STARTTLS\r\n"), StartsWith("220 2.0.0"));
  EXPECT_THAT(driver.say("RCPT TO:<john@c.example>\r\n"), StartsWith("503"));
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example>\r\n"), StartsWith("503"));
  EXPECT_TRUE(driver.session().client().helo.empty());
  EXPECT_THAT(driver.say("EHLO again.example\r\n"), Not(HasSubstr("STARTTLS")));
}

TEST(Rfc, rfc_084_starttls_errors) {
  auto settings = test_settings();
  EXPECT_THAT(greeted(settings).say("STARTTLS\r\n"), StartsWith("454 4.7.0"));
  settings->starttls = receive::StartTls::offered;
  SessionDriver driver(settings);
  driver.start();
  EXPECT_THAT(driver.say("EHLO a.example\r\n"), HasSubstr("250 STARTTLS\r\n"));
  EXPECT_THAT(driver.say("STARTTLS x\r\n"), StartsWith("501 5.5.4"));
  EXPECT_THAT(driver.say("STARTTLS\r\n"), StartsWith("220"));
  driver.say("EHLO a.example\r\n");
  EXPECT_THAT(driver.say("STARTTLS\r\n"), StartsWith("503 5.5.1"));
}

TEST(Rfc, rfc_090_dsn_parameters) {
  auto driver = greeted();
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example> RET=HDRS ENVID=QQ+2B1\r\n"), StartsWith("250"));
  EXPECT_EQ(driver.session().envelope().envid, "QQ+1");
  EXPECT_THAT(driver.say("RCPT TO:<x@c.example> NOTIFY=NEVER,SUCCESS\r\n"), StartsWith("501 5.5.4"));
  EXPECT_THAT(driver.say("RCPT TO:<x@c.example> ORCPT=rfc822;a+0D+0Ab\r\n"), StartsWith("501 5.5.4"));
  EXPECT_THAT(driver.say("RCPT TO:<x@c.example> ORCPT=rfc822;a+zz\r\n"), StartsWith("501 5.5.4"));
  EXPECT_THAT(driver.say("RCPT TO:<x@c.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2Bq@c.example\r\n"),
              StartsWith("250"));
  const auto& recipient = driver.session().envelope().recipients[0];
  EXPECT_EQ(recipient.notify, mail::notify_success | mail::notify_delay);
  EXPECT_EQ(recipient.orcpt, "rfc822;x+q@c.example");
  driver.say("RSET\r\n");
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example> ENVID=" + std::string(101, 'x') + "\r\n"),
              StartsWith("501"));
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example> ENVID=" + std::string(100, 'x') + "\r\n"),
              StartsWith("250"));
}

TEST(Session, helo_sessions_work_without_extensions) {
  SessionDriver driver;
  driver.start();
  EXPECT_EQ(driver.say("HELO old\r\n"), "250 mx.example\r\n");
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example> SIZE=10\r\n"), StartsWith("555 parameters"));
  EXPECT_EQ(driver.say("MAIL FROM:<a@b.example>\r\n"), "250 sender ok\r\n");
}

TEST(Session, mail_before_ehlo_is_refused) {
  SessionDriver driver;
  driver.start();
  EXPECT_THAT(driver.say("MAIL FROM:<a@b.example>\r\n"), StartsWith("503 5.5.1"));
}

TEST(Session, refusals_of_the_gate_are_passed_on) {
  World world;
  world.connect = [](const auto&) { return receive::Verdict::refuse({554, {5, 7, 1}, "not you"}); };
  SessionDriver refused(test_settings(), world);
  EXPECT_EQ(refused.start(), "554 5.7.1 not you\r\n");
  EXPECT_TRUE(refused.closed());
  World later;
  later.mail = [](const auto&) {
    return receive::Verdict::refuse({530, {5, 7, 0}, "authentication required"});
  };
  auto driver = greeted(test_settings(), later);
  EXPECT_EQ(driver.say("MAIL FROM:<a@b.example>\r\n"), "530 5.7.0 authentication required\r\n");
  EXPECT_THAT(driver.say("RCPT TO:<a@b.example>\r\n"), StartsWith("503"));
}

TEST(Session, too_many_errors_end_it) {
  auto settings = test_settings();
  settings->errors_max = 3;
  auto driver = greeted(settings);
  EXPECT_THAT(reply_codes(driver.say("A\r\nB\r\nC\r\nD\r\nNOOP\r\n")), ElementsAre(500, 500, 500, 500, 421));
  EXPECT_TRUE(driver.closed());
}

TEST(Session, limits_on_commands_messages_recipients_and_rejections) {
  auto settings = test_settings();
  settings->commands_max = 5;
  EXPECT_THAT(reply_codes(greeted(settings).say("NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n")),
              ElementsAre(250, 250, 250, 250, 421));
  settings = test_settings();
  settings->messages_max = 1;
  auto one = greeted(settings);
  EXPECT_THAT(send_simple(one), StartsWith("250"));
  EXPECT_THAT(one.say("MAIL FROM:<a@b.example>\r\n"), StartsWith("421 4.7.0"));
  settings = test_settings();
  settings->recipients_max = 2;
  auto two = greeted(settings);
  EXPECT_THAT(reply_codes(two.say("MAIL FROM:<>\r\nRCPT TO:<a@c.example>\r\nRCPT TO:<b@c.example>\r\nRCPT "
                                  "TO:<c@c.example>\r\nDATA\r\n")),
              ElementsAre(250, 250, 250, 452, 354));
  settings = test_settings();
  settings->rejected_recipients_max = 1;
  auto guess = greeted(settings);
  EXPECT_THAT(
      reply_codes(guess.say("MAIL FROM:<>\r\nRCPT TO:<no1@c.example>\r\nRCPT TO:<no2@c.example>\r\n")),
      ElementsAre(250, 550, 550, 421));
}

TEST(Session, a_flood_of_tiny_chunks_ends_the_session) {
  auto settings = test_settings();
  settings->commands_max = 100;
  auto driver = greeted(settings);
  driver.say("MAIL FROM:<>\r\nRCPT TO:<a@c.example>\r\n");
  std::string flood;
  for (int i = 0; i < 200; ++i) flood += "BDAT 1\r\nx";
  const auto codes = reply_codes(driver.say(flood));
  EXPECT_EQ(codes.back(), 421);
  EXPECT_EQ(codes.size(), 98U);
  EXPECT_THAT(driver.abandoned(), SizeIs(1));
}

TEST(Session, header_bombs_long_lines_and_nuls_are_refused) {
  auto settings = test_settings();
  settings->header_octets_max = 1000;
  settings->line_octets_max = 2000;
  auto driver = greeted(settings);
  std::string fields;
  for (int i = 0; i < 200; ++i) fields += "X-A: b\r\n";
  EXPECT_THAT(send_simple(driver, fields + "\r\n"), StartsWith("552 5.3.4"));
  EXPECT_THAT(send_simple(driver, "\r\n" + fields), StartsWith("250"));
  EXPECT_THAT(send_simple(driver, "\r\n" + std::string(2000, 'x') + "\r\n"), StartsWith("550 5.6.0"));
  EXPECT_THAT(send_simple(driver, std::string("\r\na\0b\r\n", 7)), StartsWith("550 5.6.0"));
  EXPECT_THAT(driver.committed(), SizeIs(1));
}

TEST(Session, a_text_without_header_is_no_header_bomb) {
  auto settings = test_settings();
  settings->header_octets_max = 100;
  auto driver = greeted(settings);
  std::string text;
  for (int i = 0; i < 100; ++i) text += "la de da\r\n";
  EXPECT_THAT(send_simple(driver, text), StartsWith("250"));
  EXPECT_THAT(send_simple(driver, "Subject: x\r\n" + text), StartsWith("250"));
  EXPECT_THAT(send_simple(driver, "Subject: " + std::string(100, 'x') + "\r\n\r\n"), StartsWith("552"));
}

TEST(Session, eight_bit_content_is_noticed_whatever_was_declared) {
  auto driver = greeted();
  send_simple(driver, "\r\nna\xc3\xafve\r\n");
  send_simple(driver, "\r\nplain\r\n");
  EXPECT_EQ(driver.committed()[0].envelope.body, mail::BodyType::eight_bit);
  EXPECT_EQ(driver.committed()[1].envelope.body, mail::BodyType::seven_bit);
}

TEST(Session, lmtp_answers_for_each_recipient) {
  auto settings = test_settings();
  settings->role = receive::Role::lmtp;
  SessionDriver driver(settings);
  driver.start();
  EXPECT_THAT(driver.say("EHLO a.example\r\n"), StartsWith("500"));
  EXPECT_THAT(driver.say("LHLO a.example\r\n"), StartsWith("250-"));
  driver.say(
      "MAIL FROM:<>\r\nRCPT TO:<a@c.example>\r\nRCPT TO:<no@c.example>\r\nRCPT TO:<b@c.example>\r\nDATA\r\n");
  EXPECT_THAT(reply_codes(driver.say("x\r\n.\r\n")), ElementsAre(250, 250));
  EXPECT_THAT(driver.committed()[0].trace, HasSubstr("with LMTP id"));
}

TEST(Session, shutdown_ends_idle_sessions_at_once_and_messages_after_their_reply) {
  auto idle = greeted();
  idle.session().on_shutdown();
  idle.settle();
  EXPECT_THAT(idle.take_output(), StartsWith("421 4.3.2"));
  EXPECT_TRUE(idle.closed());
  auto busy = greeted();
  busy.say("MAIL FROM:<>\r\nRCPT TO:<a@c.example>\r\nDATA\r\nhalf");
  busy.session().on_shutdown();
  busy.settle();
  EXPECT_EQ(busy.take_output(), "");
  EXPECT_THAT(reply_codes(busy.say("\r\n.\r\n")), ElementsAre(250, 421));
  EXPECT_THAT(busy.committed(), SizeIs(1));
  EXPECT_TRUE(busy.closed());
}

TEST(Session, a_lost_connection_or_a_timeout_abandons_the_message) {
  auto lost = greeted();
  lost.say("MAIL FROM:<>\r\nRCPT TO:<a@c.example>\r\nDATA\r\nhalf\r\n");
  lost.session().on_disconnect();
  lost.settle();
  EXPECT_THAT(lost.abandoned(), ElementsAre(1));
  EXPECT_EQ(lost.take_output(), "");
  auto slow = greeted();
  slow.say("MAIL FROM:<>\r\nRCPT TO:<a@c.example>\r\nDATA\r\nhalf\r\n");
  slow.session().on_timeout();
  slow.settle();
  EXPECT_THAT(slow.abandoned(), ElementsAre(1));
  EXPECT_THAT(slow.take_output(), StartsWith("421 4.4.2"));
  EXPECT_THAT(slow.committed(), IsEmpty());
}

TEST(Rfc, rfc_072_a_megabyte_of_pipelined_commands_is_worked_off) {
  auto driver = greeted();
  std::string commands;
  int expected = 0;
  while (commands.size() < 1'000'000) {
    commands += "MAIL FROM:<a@b.example>\r\n";
    for (int i = 0; i < 20; ++i) commands += fmt::format("RCPT TO:<user-{}@c.example>\r\n", i);
    commands += "BDAT 10 LAST\r\nSubject: x";
    expected += 22;
  }
  driver.feed(commands);
  EXPECT_EQ(driver.unread_octets(), 0U);
  EXPECT_THAT(reply_codes(driver.take_output()), SizeIs(expected));
  EXPECT_THAT(driver.committed(), SizeIs(expected / 22));
}
}  // namespace
}  // namespace waybill::test
