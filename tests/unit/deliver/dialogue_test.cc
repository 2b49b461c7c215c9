// The client's side of SMTP, case by case, without a socket.
#include "deliver/dialogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/dialogue_play.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::make_delivery;
using test::obedient;
using test::Play;
using test::Response;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using What = Dialogue::What;
using End = Dialogue::End;
using MessageEnd = Dialogue::MessageEnd;

DialogueSettings settings() {
  return {.hostname = "client.test", .host = "mx.test", .address = "192.0.2.1:25"};
}
const std::vector<std::string> kModern = {"PIPELINING", "SIZE 1000000", "8BITMIME",
                                          "SMTPUTF8",   "CHUNKING",     "DSN"};

// Answers commands that begin with `prefix` with `reply`, else as usual.
auto replying(std::string prefix, std::string reply, Response::Then then = Response::Then::stay) {
  return [=](const std::string& command) -> std::optional<Response> {
    if (command.starts_with(prefix)) return Response{reply, then};
    return std::nullopt;
  };
}

struct Sent {
  Outcomes outcomes;
  MessageEnd end;
};
Sent send(Play& play, const std::shared_ptr<mail::Delivery>& delivery) {
  Sent out;
  out.end = play.message(*delivery, out.outcomes);
  return out;
}

TEST(Dialogue, a_small_message_goes_in_one_write_with_bdat) {
  Play play(settings(), obedient(kModern));
  const auto sent = send(play, make_delivery({"a@d.test", "b@d.test"}, "Subject: x\r\n\r\n.\r\n"));
  ASSERT_EQ(sent.end, MessageEnd::settled);
  EXPECT_EQ(sent.outcomes[0]->fate, Fate::delivered);
  EXPECT_EQ(sent.outcomes[1]->fate, Fate::delivered);
  EXPECT_TRUE(sent.outcomes[0]->dsn_passed);
  EXPECT_EQ(sent.outcomes[0]->host, "mx.test");
  ASSERT_EQ(play.writes.size(), 2U);  // EHLO, then everything
  EXPECT_EQ(play.writes[1],
            "MAIL FROM:<sender@source.test> SIZE=17\r\nRCPT TO:<a@d.test>\r\nRCPT TO:<b@d.test>\r\n"
            "BDAT 17 LAST\r\nSubject: x\r\n\r\n.\r\n");
}

TEST(Dialogue, the_body_of_a_message_that_was_tried_before_waits_for_a_yes) {
  Play play(settings(), obedient(kModern));
  const auto delivery = make_delivery({"a@d.test", "b@d.test"}, "Subject: x\r\n\r\n.\r\n");
  delivery->recipients[1].attempts = 1;
  const auto sent = send(play, delivery);
  EXPECT_EQ(sent.outcomes[1]->fate, Fate::delivered);
  ASSERT_EQ(play.writes.size(), 3U);  // EHLO, the envelope, the body
  EXPECT_EQ(play.writes[1],
            "MAIL FROM:<sender@source.test> SIZE=17\r\nRCPT TO:<a@d.test>\r\nRCPT TO:<b@d.test>\r\n");
  EXPECT_EQ(play.writes[2], "BDAT 17 LAST\r\nSubject: x\r\n\r\n.\r\n");
}

TEST(Dialogue, without_pipelining_each_command_waits) {
  Play play(settings(), obedient({}));
  const auto sent = send(play, make_delivery({"a@d.test"}));
  EXPECT_EQ(sent.outcomes[0]->fate, Fate::delivered);
  EXPECT_THAT(play.commands, ElementsAre("EHLO client.test", "MAIL FROM:<sender@source.test>",
                                         "RCPT TO:<a@d.test>", "DATA"));
  EXPECT_EQ(play.writes.size(), 5U);
}

TEST(Dialogue, the_next_message_follows_at_once_on_the_same_connection) {
  Play play(settings(), obedient(kModern));
  for (int n = 0; n < 3; ++n)
    EXPECT_EQ(send(play, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::delivered);
  EXPECT_EQ(play.dialogue.messages(), 3U);
  for (const auto& command : play.commands) EXPECT_NE(command, "RSET");
}

TEST(Dialogue, a_transaction_that_failed_is_reset_with_the_next) {
  bool refuse = true;
  Play play(settings(), obedient(kModern, [&](const std::string& command) -> std::optional<Response> {
              if (refuse && command.starts_with("RCPT")) return Response{"550 5.1.1 no\r\n"};
              if (refuse && command.starts_with("BDAT")) return Response{"503 5.5.1 no recipients\r\n"};
              return std::nullopt;
            }));
  EXPECT_EQ(send(play, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::rejected);
  refuse = false;
  EXPECT_EQ(send(play, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::delivered);
  EXPECT_THAT(play.writes.back(), testing::StartsWith("RSET\r\nMAIL FROM:"));
}

TEST(Rfc, rfc_046_each_recipient_has_its_own_fate) {
  for (const auto& offers : {kModern, std::vector<std::string>{}, std::vector<std::string>{"PIPELINING"}}) {
    Play play(settings(), obedient(offers, [](const std::string& command) -> std::optional<Response> {
                if (command.starts_with("RCPT TO:<b@")) return Response{"450 4.2.1 later\r\n"};
                if (command.starts_with("RCPT TO:<c@")) return Response{"550 5.1.1 never\r\n"};
                return std::nullopt;
              }));
    const auto sent = send(play, make_delivery({"a@d.test", "b@d.test", "c@d.test"}));
    EXPECT_EQ(sent.outcomes[0]->fate, Fate::delivered);
    EXPECT_EQ(sent.outcomes[1]->fate, Fate::deferred);
    EXPECT_EQ(sent.outcomes[1]->reply.to_string(), "450 4.2.1 later");
    EXPECT_EQ(sent.outcomes[2]->fate, Fate::rejected);
  }
}

TEST(Rfc, rfc_047_too_many_recipients_send_the_rest_later) {
  for (const char* reply : {"452 4.5.3 too many\r\n", "552 too many\r\n"}) {
    int in_transaction = 0;
    Play play(settings(),
              obedient({"PIPELINING"}, [&](const std::string& command) -> std::optional<Response> {
                if (command.starts_with("MAIL")) in_transaction = 0;
                if (command.starts_with("RCPT") && ++in_transaction > 2) return Response{reply};
                return std::nullopt;
              }));
    const auto sent = send(play, make_delivery({"a@d.test", "b@d.test", "c@d.test", "d@d.test", "e@d.test"}));
    for (const auto& outcome : sent.outcomes) EXPECT_EQ(outcome->fate, Fate::delivered);
    EXPECT_EQ(play.bodies.size(), 3U);
  }
}

TEST(Rfc, rfc_047_a_full_mailbox_is_not_too_many_recipients) {
  Play play(settings(), obedient({"PIPELINING"}, replying("RCPT TO:<b@", "552 5.2.2 mailbox full\r\n")));
  const auto sent = send(play, make_delivery({"a@d.test", "b@d.test"}));
  EXPECT_EQ(sent.outcomes[0]->fate, Fate::delivered);
  EXPECT_EQ(sent.outcomes[1]->fate, Fate::rejected);
}

TEST(Rfc, rfc_048_all_recipients_rejected_no_data) {
  Play play(settings(), obedient({}, replying("RCPT", "550 5.1.1 no\r\n")));
  EXPECT_EQ(send(play, make_delivery({"a@d.test", "b@d.test"})).outcomes[1]->fate, Fate::rejected);
  EXPECT_THAT(play.commands, Not(testing::Contains("DATA")));
}

TEST(Rfc, rfc_049_the_reply_to_the_dot_is_for_the_accepted) {
  for (const auto& [reply, fate] :
       {std::pair{"554 5.6.0 no\r\n", Fate::rejected}, {"451 4.3.0 later\r\n", Fate::deferred}}) {
    for (const bool chunking : {true, false}) {
      const std::string prefix = chunking ? "BDAT" : "BODY";
      Play play(settings(),
                obedient(chunking ? kModern : std::vector<std::string>{}, replying(prefix, reply)));
      EXPECT_EQ(send(play, make_delivery({"a@d.test"})).outcomes[0]->fate, fate);
    }
  }
}

TEST(Rfc, rfc_050_an_unknown_code_is_judged_by_its_first_digit) {
  for (const auto& [code, fate] :
       {std::pair{"299", Fate::delivered}, {"499", Fate::deferred}, {"599", Fate::rejected}}) {
    Play play(settings(), obedient({}, replying("BODY", std::string(code) + " ?\r\n")));
    EXPECT_EQ(send(play, make_delivery({"a@d.test"})).outcomes[0]->fate, fate);
  }
}

TEST(Rfc, rfc_051_mixed_codes_and_garbage_are_temporary) {
  for (const char* reply :
       {"250-ok\r\n550 no\r\n", "hello\r\n", "25\r\n", "150 what\r\n", "2500 x\r\n", "\r\n"}) {
    Play play(settings(), obedient({}, replying("RCPT", reply)));
    const auto sent = send(play, make_delivery({"a@d.test"}));
    EXPECT_EQ(sent.end, MessageEnd::interrupted) << reply;
    EXPECT_EQ(play.dialogue.end(), End::garbage);
    EXPECT_EQ(play.dialogue.end_outcome().fate, Fate::deferred);
  }
  Play play(settings(), obedient({}, replying("BODY", "250-2.0.0 it\r\n250-2.0.0 is\r\n250 2.0.0 in\r\n")));
  EXPECT_EQ(send(play, make_delivery({"a@d.test"})).outcomes[0]->reply.text, "it\nis\nin");
}

TEST(Rfc, rfc_052_421_anywhere_ends_the_session_and_frees_the_message) {
  for (const char* at : {"MAIL", "RCPT", "DATA", "BODY"}) {
    Play play(settings(), obedient({}, replying(at, "421 4.3.2 closing\r\n")));
    const auto sent = send(play, make_delivery({"a@d.test"}));
    EXPECT_EQ(sent.end, MessageEnd::interrupted) << at;
    EXPECT_FALSE(sent.outcomes[0]) << at;
    EXPECT_EQ(play.dialogue.end(), End::shutdown);
    EXPECT_EQ(play.run(), What::close);
  }
}

TEST(Rfc, rfc_053_a_refusing_greeting_gets_quit_and_nothing_else) {
  for (const char* banner : {"554 no service\r\n", "521 never\r\n", "450 busy\r\n"}) {
    Play play(settings(), obedient({}, replying("BANNER", banner)));
    EXPECT_EQ(play.run(), What::close);
    EXPECT_THAT(play.commands, ElementsAre("QUIT"));
    EXPECT_EQ(play.dialogue.end(), End::refused);
    EXPECT_TRUE(play.dialogue.end_is_remote());
  }
}

TEST(Rfc, rfc_054_ehlo_5yz_gets_helo_but_421_does_not) {
  Play old(settings(), obedient({}, replying("EHLO", "500 what\r\n")));
  EXPECT_EQ(send(old, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::delivered);
  EXPECT_THAT(old.commands, ElementsAre("EHLO client.test", "HELO client.test",
                                        "MAIL FROM:<sender@source.test>", "RCPT TO:<a@d.test>", "DATA"));
  Play busy(settings(), obedient({}, replying("EHLO", "421 busy\r\n")));
  EXPECT_EQ(busy.run(), What::close);
  EXPECT_THAT(busy.commands, ElementsAre("EHLO client.test"));
}

TEST(Rfc, rfc_055_keywords_in_any_case_unknown_ones_ignored) {
  Play play(settings(), obedient({"pipelining", "X-FOO bar", "8BitMime", "size 5000", "AUTH=LOGIN"}));
  EXPECT_EQ(play.run(), What::ready);
  EXPECT_TRUE(play.dialogue.offers().pipelining);
  EXPECT_TRUE(play.dialogue.offers().eight_bit_mime);
  EXPECT_EQ(play.dialogue.offers().size_octets_max, 5000U);
}

TEST(Rfc, rfc_056_quit_unanswered_changes_nothing) {
  Play play(settings(), obedient(kModern, replying("QUIT", "", Response::Then::silence)));
  EXPECT_EQ(send(play, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::delivered);
  ASSERT_EQ(play.run(), What::ready);
  play.dialogue.quit();
  EXPECT_EQ(play.run(), What::close);
  EXPECT_EQ(play.dialogue.end(), End::quit);
}

TEST(Rfc, rfc_045_a_drop_after_the_dot_is_unknown_and_deferred) {
  for (const bool chunking : {true, false}) {
    const std::string at = chunking ? "BDAT" : "BODY";
    Play play(settings(), obedient(chunking ? kModern : std::vector<std::string>{},
                                   replying(at, "", Response::Then::drop)));
    const auto sent = send(play, make_delivery({"a@d.test"}));
    EXPECT_EQ(sent.end, MessageEnd::settled);
    ASSERT_TRUE(sent.outcomes[0]);
    EXPECT_EQ(sent.outcomes[0]->fate, Fate::deferred);
    EXPECT_EQ(sent.outcomes[0]->reply.enhanced.to_string(), "4.4.2");
  }
}

TEST(Rfc, rfc_068_bare_cr_and_lf_never_leave) {
  const std::string dirty = "Subject: x\r\n\r\na\nb\rc\r\n.\n.\r.\r\nend\r";
  for (const auto& offers : {kModern, std::vector<std::string>{}}) {
    Play play(settings(), obedient(offers));
    EXPECT_EQ(send(play, make_delivery({"a@d.test"}, dirty)).outcomes[0]->fate, Fate::delivered);
    ASSERT_EQ(play.bodies.size(), 1U);
    const std::string& wire = play.bodies[0];
    for (size_t n = 0; n < wire.size(); ++n) {
      if (wire[n] == '\n') {
        EXPECT_TRUE(n > 0 && wire[n - 1] == '\r');
      }
      if (wire[n] == '\r') {
        EXPECT_TRUE(n + 1 < wire.size() && wire[n + 1] == '\n');
      }
    }
    if (!offers.empty()) {
      EXPECT_THAT(play.commands.back(), testing::Eq("BDAT " + std::to_string(wire.size()) + " LAST"));
    }
  }
}

TEST(Rfc, rfc_069_a_354_for_nobody_gets_a_lone_dot) {
  Play play(settings(), obedient({"PIPELINING"}, replying("RCPT", "550 5.1.1 no\r\n")));
  const auto sent = send(play, make_delivery({"a@d.test"}));
  EXPECT_EQ(sent.outcomes[0]->fate, Fate::rejected);
  EXPECT_EQ(play.writes.back(), ".\r\n");
  EXPECT_TRUE(play.bodies.empty());
  EXPECT_EQ(play.run(), What::ready);
}

TEST(Rfc, rfc_077_a_message_beyond_the_stated_size_is_not_sent) {
  Play play(settings(), obedient({"SIZE 10"}));
  const auto sent = send(play, make_delivery({"a@d.test"}));
  EXPECT_EQ(sent.outcomes[0]->fate, Fate::rejected);
  EXPECT_EQ(sent.outcomes[0]->reply.enhanced.to_string(), "5.3.4");
  EXPECT_FALSE(sent.outcomes[0]->remote);
  EXPECT_THAT(play.commands, ElementsAre("EHLO client.test"));
  Play unlimited(settings(), obedient({"SIZE 0"}));
  EXPECT_EQ(send(unlimited, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::delivered);
}

TEST(Rfc, rfc_078_eight_bit_mail_needs_8bitmime) {
  const std::string body = "Subject: x\r\n\r\n\xc3\xa9\r\n";
  Play lacks(settings(), obedient({"PIPELINING"}));
  EXPECT_EQ(send(lacks, make_delivery({"a@d.test"}, body)).outcomes[0]->reply.enhanced.to_string(), "5.6.3");
  Play has(settings(), obedient({"8BITMIME"}));
  EXPECT_EQ(send(has, make_delivery({"a@d.test"}, body)).outcomes[0]->fate, Fate::delivered);
  EXPECT_THAT(has.commands[1], HasSubstr(" BODY=8BITMIME"));
}

TEST(Rfc, rfc_079_smtputf8_only_where_needed_and_never_mangled) {
  const auto utf8 = make_delivery({"a@d.test", "j\xc3\xbcrgen@d.test"});
  Play lacks(settings(), obedient({"8BITMIME"}));
  const auto sent = send(lacks, utf8);
  EXPECT_EQ(sent.outcomes[0]->fate, Fate::delivered);
  EXPECT_EQ(sent.outcomes[1]->fate, Fate::rejected);
  EXPECT_EQ(sent.outcomes[1]->reply.enhanced.to_string(), "5.6.7");
  auto sender = make_delivery({"a@d.test"});
  auto envelope = std::make_shared<mail::Envelope>(*sender->envelope);
  envelope->from = test::address("m\xc3\xbcller@s.test");
  envelope->smtputf8 = true;
  sender->envelope = envelope;
  Play again(settings(), obedient({"8BITMIME"}));
  EXPECT_EQ(send(again, sender).outcomes[0]->reply.enhanced.to_string(), "5.6.7");
  Play has(settings(), obedient({"8BITMIME", "SMTPUTF8"}));
  EXPECT_EQ(send(has, sender).outcomes[0]->fate, Fate::delivered);
  EXPECT_THAT(has.commands[1], testing::EndsWith("SMTPUTF8"));
  // Declared, but all of it is ASCII: any server will do.
  auto ascii = make_delivery({"a@d.test"});
  envelope = std::make_shared<mail::Envelope>(*ascii->envelope);
  envelope->smtputf8 = true;
  ascii->envelope = envelope;
  Play plain(settings(), obedient({}));
  EXPECT_EQ(send(plain, ascii).outcomes[0]->fate, Fate::delivered);
}

TEST(Rfc, rfc_082_after_tls_everything_is_asked_again) {
  int hellos = 0;
  Play play(settings(), obedient({}, [&](const std::string& command) -> std::optional<Response> {
              if (!command.starts_with("EHLO")) return std::nullopt;
              return Response{++hellos == 1 ? "250-s\r\n250-DSN\r\n250 STARTTLS\r\n" : "250 s\r\n"};
            }));
  EXPECT_EQ(play.run(), What::ready);
  EXPECT_TRUE(play.dialogue.tls());
  EXPECT_FALSE(play.dialogue.offers().dsn);
  EXPECT_THAT(play.commands, ElementsAre("EHLO client.test", "STARTTLS", "EHLO client.test"));
}

TEST(Rfc, rfc_083_octets_before_the_handshake_abort) {
  Play play(settings(), obedient({"STARTTLS"}, replying("STARTTLS", "220 go\r\n250 injected\r\n")));
  EXPECT_EQ(play.run(), What::close);
  EXPECT_EQ(play.dialogue.end(), End::tls_failed);
  EXPECT_FALSE(play.dialogue.tls());
  // Nor may a reply be there before its question was asked.
  Play early(settings(), obedient({"STARTTLS"}, replying("EHLO", "250-s\r\n250 STARTTLS\r\n220 go\r\n")));
  EXPECT_EQ(early.run(), What::close);
  EXPECT_EQ(early.dialogue.end(), End::garbage);
}

TEST(Dialogue, a_declined_starttls_is_no_obstacle_a_failed_handshake_is) {
  Play declined(settings(), obedient({"STARTTLS"}, replying("STARTTLS", "454 4.7.0 not now\r\n")));
  EXPECT_EQ(send(declined, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::delivered);
  Play failed(settings(), obedient({"STARTTLS"}));
  failed.tls_works = false;
  EXPECT_EQ(failed.run(), What::close);
  EXPECT_EQ(failed.dialogue.end(), End::tls_failed);
}

TEST(Rfc, rfc_088_requiretls_never_in_plaintext) {
  auto demanding = make_delivery({"a@d.test"});
  auto envelope = std::make_shared<mail::Envelope>(*demanding->envelope);
  envelope->requiretls = true;
  demanding->envelope = envelope;
  Play plain(settings(), obedient({"REQUIRETLS"}));
  EXPECT_EQ(send(plain, demanding).outcomes[0]->reply.enhanced.to_string(), "5.7.30");
  Play lacks(settings(), obedient({"STARTTLS"}));
  EXPECT_EQ(send(lacks, demanding).outcomes[0]->reply.enhanced.to_string(), "5.7.30");
  Play has(settings(), obedient({"STARTTLS", "REQUIRETLS"}));
  EXPECT_EQ(send(has, demanding).outcomes[0]->fate, Fate::delivered);
  EXPECT_TRUE(has.dialogue.tls());
  EXPECT_THAT(has.commands[3], HasSubstr(" REQUIRETLS"));
  // A reused connection is asked again for each message.
  Play reused(settings(), obedient({}));
  EXPECT_EQ(send(reused, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::delivered);
  EXPECT_EQ(send(reused, demanding).outcomes[0]->fate, Fate::rejected);
  EXPECT_EQ(send(reused, make_delivery({"a@d.test"})).outcomes[0]->fate, Fate::delivered);
}

TEST(Rfc, rfc_091_dsn_parameters_pass_where_offered) {
  auto delivery = make_delivery({"a@d.test"});
  auto envelope = std::make_shared<mail::Envelope>(*delivery->envelope);
  envelope->ret = mail::Ret::headers;
  envelope->envid = "id+1";
  delivery->envelope = envelope;
  delivery->recipients[0].recipient.notify = mail::notify_success | mail::notify_delay;
  delivery->recipients[0].recipient.orcpt = "rfc822;first+box@d.test";
  Play has(settings(), obedient({"DSN"}));
  EXPECT_TRUE(send(has, delivery).outcomes[0]->dsn_passed);
  EXPECT_THAT(has.commands[1], HasSubstr(" RET=HDRS ENVID=id+2B1"));
  EXPECT_THAT(has.commands[2], HasSubstr(" NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+2Bbox@d.test"));
  Play lacks(settings(), obedient({}));
  const auto sent = send(lacks, delivery);
  EXPECT_FALSE(sent.outcomes[0]->dsn_passed);
  EXPECT_EQ(lacks.commands[2], "RCPT TO:<a@d.test>");
}

TEST(Rfc, rfc_095_the_class_agrees_with_the_code) {
  Play play(settings(), obedient({}, replying("RCPT", "550 4.1.1 confused\r\n")));
  EXPECT_EQ(send(play, make_delivery({"a@d.test"})).outcomes[0]->reply.to_string(), "550 5.1.1 confused");
}

TEST(Rfc, rfc_143_limits_rcptmax_splits_transactions) {
  Play play(settings(), obedient({"PIPELINING", "LIMITS RCPTMAX=1 MAILMAX=3"}));
  const auto sent = send(play, make_delivery({"a@d.test", "b@d.test", "c@d.test"}));
  for (const auto& outcome : sent.outcomes) EXPECT_EQ(outcome->fate, Fate::delivered);
  EXPECT_EQ(play.bodies.size(), 3U);
  EXPECT_TRUE(play.dialogue.used_up());
}

TEST(Dialogue, a_yes_before_the_body_is_no_delivery) {
  Play play(settings(), obedient({}, replying("DATA", "354 go\r\n250 2.0.0 taken already\r\n")));
  const auto sent = send(play, make_delivery({"a@d.test"}));
  EXPECT_EQ(play.dialogue.end(), End::garbage);
  EXPECT_FALSE(sent.outcomes[0] && sent.outcomes[0]->fate == Fate::delivered);
}

TEST(Dialogue, a_binary_body_needs_binarymime) {
  auto delivery = make_delivery({"a@d.test"}, std::string("Subject: x\r\n\r\n\0\r\n", 17));
  auto envelope = std::make_shared<mail::Envelope>(*delivery->envelope);
  envelope->body = mail::BodyType::binary;
  delivery->envelope = envelope;
  Play lacks(settings(), obedient(kModern));
  EXPECT_EQ(send(lacks, delivery).outcomes[0]->reply.enhanced.to_string(), "5.6.3");
  Play has(settings(), obedient({"CHUNKING", "BINARYMIME", "8BITMIME"}));
  EXPECT_EQ(send(has, delivery).outcomes[0]->fate, Fate::delivered);
  EXPECT_THAT(has.commands[1], HasSubstr(" BODY=BINARYMIME"));
}

TEST(Dialogue, lmtp_answers_each_recipient_after_the_dot) {
  DialogueSettings lmtp = settings();
  lmtp.protocol = Protocol::lmtp;
  Play play(lmtp, obedient({"PIPELINING"}, [](const std::string& command) -> std::optional<Response> {
              if (command.starts_with("RCPT TO:<b@")) return Response{"550 5.1.1 no\r\n"};
              if (command == "BODY") return Response{"250 2.1.5 a\r\n452 4.2.2 c is full\r\n"};
              return std::nullopt;
            }));
  const auto sent = send(play, make_delivery({"a@d.test", "b@d.test", "c@d.test"}));
  EXPECT_EQ(play.commands[0], "LHLO client.test");
  EXPECT_EQ(sent.outcomes[0]->fate, Fate::delivered);
  EXPECT_TRUE(sent.outcomes[0]->final_delivery);
  EXPECT_EQ(sent.outcomes[1]->fate, Fate::rejected);
  EXPECT_EQ(sent.outcomes[2]->fate, Fate::deferred);
}

// Every stage times every misbehaviour, with every set of offers: nobody is delivered unless the body was
// answered with 2yz, and nobody is rejected by what is not a 5yz.
struct Misbehaviour {
  const char* name;
  Response response;
  bool may_reject;
};
TEST(Dialogue, failure_at_every_stage) {
  const std::vector<Misbehaviour> all = {
      {"drops", {"", Response::Then::drop}, false},
      {"drops in mid line", {"25", Response::Then::drop}, false},
      {"says nothing", {"", Response::Then::silence}, false},
      {"4yz", {"451 4.3.0 later\r\n"}, false},
      {"4yz and drops", {"451 4.3.0 later\r\n", Response::Then::drop}, false},
      {"421", {"421 4.3.2 closing\r\n", Response::Then::drop}, false},
      {"5yz", {"554 5.7.1 no\r\n"}, true},
      {"garbage", {"<html>\r\n"}, false},
      {"NULs", {std::string(10, '\0') + "\r\n"}, false},
      {"3yz", {"354 huh\r\n"}, false},
      {"an endless line", {std::string(10'000, 'x')}, false},
      {"endless lines",
       {[] {
         std::string s;
         for (int n = 0; n < 500; ++n) s += "250-x\r\n";
         return s;
       }()},
       false},
      {"two replies", {"451 4.3.0 a\r\n250 2.0.0 b\r\n"}, false},
  };
  const std::vector<std::vector<std::string>> offerings = {
      {}, {"PIPELINING"}, {"CHUNKING"}, {"PIPELINING", "CHUNKING", "8BITMIME"}, {"STARTTLS", "PIPELINING"}};
  for (const auto& offers : offerings) {
    for (const char* at :
         {"BANNER", "EHLO", "STARTTLS", "MAIL", "RCPT TO:<a@", "RCPT TO:<b@", "DATA", "BODY", "BDAT"}) {
      for (const Misbehaviour& bad : all) {
        bool hit = false;
        std::string last_body_reply;
        Play play(settings(), obedient(offers, [&](const std::string& command) -> std::optional<Response> {
                    if (!command.starts_with(at)) return std::nullopt;
                    hit = true;
                    return bad.response;
                  }));
        const auto sent = send(play, make_delivery({"a@d.test", "b@d.test"}));
        const std::string where = fmt::format("{} at {} with {} offers", bad.name, at, offers.size());
        EXPECT_FALSE(play.endless) << where;
        const bool body_stage = std::string(at) == "BODY" || std::string(at) == "BDAT";
        for (const auto& outcome : sent.outcomes) {
          if (!outcome) continue;
          if (outcome->fate == Fate::rejected) {
            EXPECT_TRUE(bad.may_reject) << where;
          }
          if (outcome->fate == Fate::delivered) {
            EXPECT_FALSE(hit && body_stage) << where;
          }
        }
        if (sent.end == MessageEnd::settled && play.done) {
          for (const auto& outcome : sent.outcomes) EXPECT_TRUE(outcome) << where;
        }
        if (play.dialogue.end() != End::open) {
          EXPECT_EQ(play.run(), What::close) << where;
        }
      }
    }
  }
}
}  // namespace
}  // namespace waybill::deliver
