// compose_test.cc: sendmail's options, and the message that is made of what a program wrote.
#include "cli/compose.h"

#include <gmock/gmock.h>

namespace waybill::cli {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

SendmailArgs parsed(std::vector<std::string> words) {
  auto args = parse_sendmail_args(words);
  EXPECT_TRUE(args) << args.error().what;
  return args.value_or(SendmailArgs{});
}

TEST(SendmailArgs, come_attached_apart_and_in_clusters) {
  const SendmailArgs args = parsed({"-oi",
                                    "-t",
                                    "-fbounce@example.org",
                                    "-F",
                                    "The Name",
                                    "-N",
                                    "success,delay",
                                    "-Rhdrs",
                                    "-V",
                                    "a+2Bb",
                                    "a@example.org",
                                    "-oem",
                                    "-odb",
                                    "-O",
                                    "DeliveryMode=b",
                                    "b@example.org",
                                    "-bm",
                                    "-v",
                                    "-U",
                                    "-G",
                                    "-Am",
                                    "-B8BITMIME",
                                    "-Xlog",
                                    "-h",
                                    "5",
                                    "-d0.1",
                                    "--",
                                    "-c@example.org"});
  EXPECT_THAT(args.recipients, ElementsAre("a@example.org", "b@example.org", "-c@example.org"));
  EXPECT_EQ(args.sender, "bounce@example.org");
  EXPECT_EQ(args.full_name, "The Name");
  EXPECT_EQ(args.from_header, FromHeader::yes);
  EXPECT_EQ(args.dot_ends, DotEnds::no);
  EXPECT_EQ(args.notify, mail::notify_success | mail::notify_delay);
  EXPECT_EQ(args.ret, mail::Ret::headers);
  EXPECT_EQ(args.envid, "a+b");
  EXPECT_EQ(args.body, mail::BodyType::eight_bit);
  EXPECT_TRUE(args.verbose);
  EXPECT_EQ(parsed({"-ti"}).dot_ends, DotEnds::no);
  EXPECT_EQ(parsed({"-itfx@y"}).sender, "x@y");
  EXPECT_EQ(parsed({"-OIgnoreDots=true"}).dot_ends, DotEnds::no);
  EXPECT_EQ(parsed({"--smtp=127.0.0.1:25", "--socket", "/x"}).socket, "/x");
}

TEST(SendmailArgs, other_modes_are_refused_and_never_taken_for_sending) {
  for (const char* mode : {"-bs", "-bp", "-bi", "-bd", "-bt", "-bv", "-q", "-q30m", "-I"}) {
    const auto args = parse_sendmail_args({mode, "a@example.org"});
    ASSERT_FALSE(args) << mode;
    EXPECT_EQ(args.error().code, Errc::unsupported) << mode;
  }
}

TEST(SendmailArgs, bad_values_are_usage_errors) {
  const std::vector<std::vector<std::string>> bad{{"-f"},
                                                  {"-N", "never,delay"},
                                                  {"-N", "sometimes"},
                                                  {"-R", "half"},
                                                  {"-B", "9bit"},
                                                  {"-V", "a=b"},
                                                  {"-V", "a+0Ab"},
                                                  {"--nonsense"},
                                                  {"-y"},
                                                  {"-V", std::string(101, 'x')},
                                                  {"-o"}};
  for (const auto& words : bad) {
    const auto args = parse_sendmail_args(words);
    ASSERT_FALSE(args) << words[0];
    EXPECT_EQ(args.error().code, Errc::invalid) << words[0];
  }
}

Writer writer() {
  Writer out;
  out.hostname = "host.example";
  out.user = "alice";
  out.real_name = "Alice \"A\" Example";
  out.now = Time{Millis{1'795'225'750'123}};
  out.unique = 255;
  return out;
}

TEST(Compose, adds_what_every_message_has) {
  const auto mail = compose(parsed({"bob", "c@example.org"}), "Subject: hi\n\nline\n", writer());
  ASSERT_TRUE(mail) << mail.error().what;
  EXPECT_EQ(mail->message, "Date: " + format_rfc5322(writer().now) +
                               "\r\nFrom: \"Alice \\\"A\\\" Example\" <alice@host.example>\r\n"
                               "Message-ID: <1795225750123.ff@host.example>\r\nSubject: hi\r\n\r\nline\r\n");
  EXPECT_EQ(mail::to_string(mail->envelope.from), "alice@host.example");
  ASSERT_EQ(mail->envelope.recipients.size(), 2U);
  EXPECT_EQ(mail->envelope.recipients[0].address.to_string(), "bob@host.example");
  EXPECT_EQ(mail->envelope.body, mail::BodyType::seven_bit);
}

TEST(Compose, changes_nothing_that_is_there) {
  const std::string whole =
      "Date: x\r\nFROM: y@z\r\nmessage-id: <1@2>\r\nBcc: secret@example.org\r\n\r\n\r\n..\r\n";
  EXPECT_EQ(compose(parsed({"a@example.org"}), whole, writer())->message, whole);
}

TEST(Compose, takes_recipients_from_the_header_and_hides_bcc) {
  const auto mail =
      compose(parsed({"-t", "extra@example.org"}),
              "To: A <a@example.org>,\n b@example.org\nCc: a@example.org\nBcc: secret@example.org,\n"
              "\tx@example.org\nSubject: s\n\nbody\n",
              writer());
  ASSERT_TRUE(mail) << mail.error().what;
  std::vector<std::string> to;
  for (const auto& r : mail->envelope.recipients) to.push_back(r.address.to_string());
  EXPECT_THAT(to, ElementsAre("extra@example.org", "a@example.org", "b@example.org", "secret@example.org",
                              "x@example.org"));
  EXPECT_THAT(mail->message, Not(HasSubstr("secret")));
  EXPECT_THAT(mail->message, Not(HasSubstr("x@example.org")));
  EXPECT_THAT(
      mail->message,
      HasSubstr(
          "To: A <a@example.org>,\r\n b@example.org\r\nCc: a@example.org\r\nSubject: s\r\n\r\nbody\r\n"));
}

TEST(Compose, resent_mail_goes_to_the_resent_fields) {
  const auto mail =
      compose(parsed({"-t"}), "To: first@example.org\nResent-To: again@example.org\n\n", writer());
  ASSERT_TRUE(mail);
  ASSERT_EQ(mail->envelope.recipients.size(), 1U);
  EXPECT_EQ(mail->envelope.recipients[0].address.to_string(), "again@example.org");
}

TEST(Compose, refuses_what_can_not_be_sent) {
  EXPECT_EQ(compose(parsed({"-t"}), "Subject: x\n\n", writer()).error().code, Errc::not_found);
  EXPECT_EQ(compose(parsed({"-t"}), "To: nobody here\n\n", writer()).error().code, Errc::invalid);
  EXPECT_EQ(compose(parsed({"a@-bad-.example"}), "\n", writer()).error().code, Errc::invalid);
  EXPECT_EQ(compose(parsed({"a@b.example\r\nRCPT TO:<c@d>"}), "\n", writer()).error().code, Errc::invalid);
  EXPECT_EQ(compose(parsed({"-f", "a b@example.org", "c@example.org"}), "\n", writer()).error().code,
            Errc::invalid);
}

TEST(Compose, sender_may_be_null_and_options_reach_the_envelope) {
  for (const char* null : {"", "<>"}) {
    const auto mail = compose(parsed({"-f", null, "-N", "never", "-R", "full", "-V", "id", "a@example.org"}),
                              "X: caf\xc3\xa9\n\n", writer());
    ASSERT_TRUE(mail);
    EXPECT_FALSE(mail->envelope.from);
    EXPECT_EQ(mail->envelope.recipients[0].notify, mail::notify_never);
    EXPECT_EQ(mail->envelope.ret, mail::Ret::full);
    EXPECT_EQ(mail->envelope.envid, "id");
    EXPECT_EQ(mail->envelope.body, mail::BodyType::eight_bit);
    EXPECT_TRUE(mail->envelope.smtputf8);
    EXPECT_THAT(mail->message, HasSubstr("<alice@host.example>"));
  }
}

TEST(Compose, a_text_without_header_becomes_a_body) {
  const auto mail =
      compose(parsed({"a@example.org"}), "From alice Sat Nov 21\nJust text, no header\n", writer());
  ASSERT_TRUE(mail);
  EXPECT_THAT(mail->message, testing::EndsWith("\r\n\r\nJust text, no header\r\n"));
}

TEST(Compose, a_full_name_never_breaks_the_header) {
  const auto mail =
      compose(parsed({"-F", "X\r\nBcc: evil@example.org\r\n", "a@example.org"}), "\n", writer());
  ASSERT_TRUE(mail);
  EXPECT_THAT(mail->message, Not(HasSubstr("\nBcc")));
}

TEST(Compose, a_lone_dot_ends_the_input_only_when_asked) {
  EXPECT_EQ(until_end("a\n.\nb\n", DotEnds::yes), "a\n");
  EXPECT_EQ(until_end("a\r\n.\r\nb\n", DotEnds::yes), "a\r\n");
  EXPECT_EQ(until_end(".", DotEnds::yes), "");
  EXPECT_EQ(until_end("a\n..\n.b\n", DotEnds::yes), "a\n..\n.b\n");
  EXPECT_EQ(until_end("a\n.\nb\n", DotEnds::no), "a\n.\nb\n");
}
}  // namespace
}  // namespace waybill::cli
