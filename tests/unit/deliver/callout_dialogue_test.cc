// Asking a host for recipients: what is said, what counts as a word about the recipient, and what never does.
#include "deliver/callout_dialogue.h"

#include <gmock/gmock.h>

namespace waybill::deliver {
namespace {
using What = CalloutDialogue::What;
using testing::HasSubstr;

mail::Address address(std::string_view text) { return mail::Address::parse(text).value(); }

// Plays the host: for each line that is sent, the next reply; octet by octet, so that every split is met.
struct Play {
  CalloutDialogue dialogue{smtp::PeerOffers{}};
  std::vector<std::string> said;

  CalloutAnswer ask(std::string_view who, std::vector<std::string> replies) {
    dialogue.ask(address(who));
    size_t at = 0;
    while (true) {
      const CalloutDialogue::Step step = dialogue.next();
      if (step.what == What::answered) return dialogue.take_answer();
      if (step.what == What::send) {
        said.emplace_back(step.text.substr(0, step.text.size() - 2));
        dialogue.sent();
        continue;
      }
      if (step.what != What::read || at == replies.size())
        return {RecipientWord::unknown, {0, {}, "the play ended"}};
      for (const char octet : replies[at++] + "\r\n") dialogue.received({&octet, 1});
    }
  }
};

TEST(CalloutDialogue, asks_from_null_and_sends_nothing) {
  Play play;
  const CalloutAnswer yes = play.ask("jane@x.test", {"250 ok", "250 2.1.5 fine"});
  EXPECT_EQ(yes.word, RecipientWord::exists);
  EXPECT_EQ(yes.reply.code, 250);
  EXPECT_EQ(play.dialogue.next().what, What::idle);
  EXPECT_EQ(play.said, (std::vector<std::string>{"MAIL FROM:<>", "RCPT TO:<jane@x.test>"}));
}

TEST(CalloutDialogue, each_recipient_has_a_transaction_of_its_own) {
  Play play;
  (void)play.ask("a@x.test", {"250 ok", "250 ok"});
  EXPECT_EQ(play.ask("b@x.test", {"250 reset", "250 ok", "550 5.1.1 no"}).word, RecipientWord::refused);
  EXPECT_EQ(play.said, (std::vector<std::string>{"MAIL FROM:<>", "RCPT TO:<a@x.test>", "RSET", "MAIL FROM:<>",
                                                 "RCPT TO:<b@x.test>"}));
  EXPECT_FALSE(play.dialogue.is_over());
}

TEST(CalloutDialogue, only_a_clear_reply_to_rcpt_is_a_word) {
  const auto word = [](std::string reply) {
    return Play().ask("a@x.test", {"250 ok", std::move(reply)}).word;
  };
  for (const char* yes : {"250 ok", "251 2.1.5 will forward", "250-2.1.5 two\r\n250 2.1.5 lines"})
    EXPECT_EQ(word(yes), RecipientWord::exists) << yes;
  for (const char* no : {"550 no such user", "550 5.1.1 unknown", "551 5.1.6 moved", "553 5.1.3 syntax",
                         "550 5.2.1 disabled", "550 5.0.0 no", "550 5.1.10 null mx"})
    EXPECT_EQ(word(no), RecipientWord::refused) << no;
  for (const char* nothing :
       {"252 2.1.5 cannot verify", "450 4.1.1 later", "451 greylisted", "452 4.2.2 full",
        "550 5.7.1 blocked by policy", "550 5.7.23 spf", "550 5.1.8 bad sender", "550 5.1.7 bad sender",
        "550 5.2.2 mailbox full", "552 5.2.2 full", "554 5.7.1 relay denied", "500 what", "354 go",
        "550 5.4.6 loop", "530 5.7.0 starttls first"})
    EXPECT_EQ(word(nothing), RecipientWord::unknown) << nothing;
}

TEST(CalloutDialogue, a_refused_sender_or_session_says_nothing_of_the_recipient) {
  for (const std::vector<std::string>& replies : {std::vector<std::string>{"550 5.1.1 no null sender here"},
                                                  {"421 4.3.2 busy"},
                                                  {"250 ok", "421 4.7.0 too many unknown users"},
                                                  {"554 5.7.1 your address is listed"}}) {
    Play play;
    EXPECT_EQ(play.ask("a@x.test", replies).word, RecipientWord::unknown);
    EXPECT_TRUE(play.dialogue.is_over());
    EXPECT_EQ(play.dialogue.next().what, What::over);
  }
}

TEST(CalloutDialogue, garbage_and_loss_end_it_without_a_word) {
  Play play;
  EXPECT_EQ(play.ask("a@x.test", {"250 ok", "HTTP/1.1 200 OK"}).word, RecipientWord::unknown);
  EXPECT_TRUE(play.dialogue.is_gone());
  CalloutDialogue lost{smtp::PeerOffers{}};
  lost.ask(address("a@x.test"));
  lost.sent();
  lost.lost("timed out");
  ASSERT_EQ(lost.next().what, What::answered);
  const CalloutAnswer answer = lost.take_answer();
  EXPECT_EQ(answer.word, RecipientWord::unknown);
  EXPECT_THAT(answer.reply.to_string(), HasSubstr("timed out"));
  EXPECT_EQ(lost.next().what, What::over);
}

TEST(CalloutDialogue, a_reply_too_many_is_never_taken_for_the_next_answer) {
  CalloutDialogue dialogue{smtp::PeerOffers{}};
  dialogue.ask(address("a@x.test"));
  dialogue.sent();
  dialogue.received("250 ok\r\n250 before RCPT was even sent\r\n");
  ASSERT_EQ(dialogue.next().what, What::answered);
  EXPECT_EQ(dialogue.take_answer().word, RecipientWord::unknown);
  EXPECT_TRUE(dialogue.is_gone());
}

TEST(CalloutDialogue, an_address_beyond_ascii_needs_a_host_that_takes_it) {
  EXPECT_EQ(Play().ask("j\xc3\xbcrgen@x.test", {}).word, RecipientWord::unknown);
  Play play;
  play.dialogue = CalloutDialogue{{.smtputf8 = true}};
  EXPECT_EQ(play.ask("j\xc3\xbcrgen@x.test", {"250 ok", "250 ok"}).word, RecipientWord::exists);
  EXPECT_EQ(play.said.front(), "MAIL FROM:<> SMTPUTF8");
}
}  // namespace
}  // namespace waybill::deliver
