// Who we are at a smart host (RFC 4954), without a socket: only under TLS, in whatever pieces the replies
// come, and never a bounce.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smtp/auth.h"
#include "support/dialogue_play.h"

namespace waybill::deliver {
namespace {
using test::make_delivery;
using test::obedient;
using test::Play;
using test::Response;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using What = Dialogue::What;
using End = Dialogue::End;

const std::string kPlain = "AUTH PLAIN " + smtp::plain_response("joe", "open sesame");
const std::string kUser = smtp::base64("joe");
const std::string kPassword = smtp::base64("open sesame");

DialogueSettings settings(UseTls tls = UseTls::required) {
  DialogueSettings out{.hostname = "client.test", .host = "relay.test", .address = "192.0.2.1:587"};
  out.tls = tls;
  out.credentials = std::make_shared<const Credentials>(Credentials{"joe", "open sesame"});
  return out;
}

/// Knows one account, by both mechanisms.
std::optional<Response> knows_joe(const std::string& command) {
  if (command == kPlain) return Response{"235 2.7.0 welcome\r\n"};
  if (command == "AUTH LOGIN") return Response{"334 VXNlcm5hbWU6\r\n"};
  if (command == kUser) return Response{"334 UGFzc3dvcmQ6\r\n"};
  if (command == kPassword) return Response{"235 2.7.0 welcome\r\n"};
  return std::nullopt;
}

Play play_with(std::vector<std::string> offers, UseTls tls = UseTls::required) {
  return {settings(tls), obedient(std::move(offers), knows_joe)};
}

void expect_given_up(Play& play, const char* why) {
  EXPECT_EQ(play.run(), What::close) << why;
  EXPECT_EQ(play.dialogue.end(), End::unauthorized) << why;
  EXPECT_EQ(play.dialogue.end_outcome().fate, mail::Fate::deferred) << why;
  for (const std::string& one : play.commands) {
    EXPECT_THAT(one, Not(HasSubstr(kPassword))) << why;
    EXPECT_THAT(one, Not(StartsWith("MAIL"))) << why;
  }
}

TEST(DialogueAuth, plain_comes_first_and_in_one_line) {
  Play play = play_with({"STARTTLS", "AUTH LOGIN PLAIN"});
  Outcomes outcomes;
  play.message(*make_delivery({"a@d.test"}), outcomes);
  EXPECT_EQ(outcomes.at(0)->fate, mail::Fate::delivered);
  EXPECT_TRUE(outcomes.at(0)->tls);
  EXPECT_THAT(play.commands, ElementsAre("EHLO client.test", "STARTTLS", "EHLO client.test", kPlain,
                                         StartsWith("MAIL"), StartsWith("RCPT"), "DATA"));
}

TEST(DialogueAuth, login_where_plain_is_not_offered) {
  Play play = play_with({"STARTTLS", "AUTH LOGIN"});
  EXPECT_EQ(play.run(), What::ready);
  EXPECT_THAT(play.commands, ElementsAre("EHLO client.test", "STARTTLS", "EHLO client.test", "AUTH LOGIN",
                                         kUser, kPassword));
}

TEST(DialogueAuth, login_where_plain_is_offered_and_then_refused_as_a_mechanism) {
  Play play(settings(), obedient({"STARTTLS", "AUTH PLAIN LOGIN"},
                                 [](const std::string& command) -> std::optional<Response> {
                                   if (command == kPlain) return Response{"504 5.5.4 not that one\r\n"};
                                   return knows_joe(command);
                                 }));
  EXPECT_EQ(play.run(), What::ready);
  EXPECT_THAT(play.commands, Contains("AUTH LOGIN"));
}

TEST(DialogueAuth, never_in_the_clear) {
  {
    Play play = play_with({"AUTH PLAIN LOGIN"});
    expect_given_up(play, "no STARTTLS is offered");
    EXPECT_THAT(play.dialogue.end_reply().text, HasSubstr("STARTTLS"));
  }
  for (const UseTls tls : {UseTls::never, UseTls::when_offered}) {
    Play play = play_with({"AUTH PLAIN LOGIN"}, tls);
    expect_given_up(play, "whatever the settings say of TLS");
  }
  {
    Play play(settings(), obedient({"STARTTLS", "AUTH PLAIN"}, [](const std::string& command) {
                return command == "STARTTLS" ? std::optional(Response{"454 4.7.0 not now\r\n"})
                                             : knows_joe(command);
              }));
    expect_given_up(play, "STARTTLS is declined");
  }
  {
    Play play(settings(), obedient({"STARTTLS", "AUTH PLAIN"}, [](const std::string& command) {
                // RFC 5321 3.2: no EHLO, so no extensions.
                return command.starts_with("EHLO") ? std::optional(Response{"502 5.5.1 what?\r\n"})
                                                   : knows_joe(command);
              }));
    expect_given_up(play, "the host knows no EHLO");
  }
  {
    Play play = play_with({"STARTTLS", "AUTH PLAIN"});
    play.tls_works = false;
    EXPECT_EQ(play.run(), What::close);
    EXPECT_EQ(play.dialogue.end(), End::tls_failed);
    EXPECT_THAT(play.commands, ElementsAre("EHLO client.test", "STARTTLS"));
  }
}

TEST(DialogueAuth, what_is_offered_in_the_clear_counts_for_nothing) {
  bool secure = false;
  Play play(settings(), obedient({}, [&secure](const std::string& command) -> std::optional<Response> {
              if (command == "STARTTLS") secure = true;
              if (!command.starts_with("EHLO")) return std::nullopt;
              return Response{secure ? "250 server.test\r\n"
                                     : "250-server.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"};
            }));
  expect_given_up(play, "AUTH is not offered under TLS");
  EXPECT_THAT(play.dialogue.end_reply().text, HasSubstr("AUTH"));
}

TEST(DialogueAuth, a_refusal_is_the_servers_word_and_no_bounce) {
  for (const char* reply : {"535 5.7.8 bad credentials", "454 4.7.0 try later", "538 5.7.11 no",
                            "504 5.5.4 no such mechanism", "521 5.3.2 never", "599 odd"}) {
    Play play(settings(), obedient({"STARTTLS", "AUTH PLAIN"}, [&](const std::string& command) {
                return command.starts_with("AUTH") ? std::optional(Response{std::string(reply) + "\r\n"})
                                                   : std::nullopt;
              }));
    expect_given_up(play, reply);
    EXPECT_EQ(play.dialogue.end_reply().to_string(), reply);
    EXPECT_TRUE(play.dialogue.end_is_remote());
    EXPECT_EQ(play.commands.back(), "QUIT");
  }
}

TEST(DialogueAuth, a_server_that_asks_on_and_on_gets_nothing_more) {
  Play play(settings(), obedient({"STARTTLS", "AUTH LOGIN"}, [](const std::string& command) {
              const bool answer = command == kUser || command == kPassword || command == "AUTH LOGIN";
              return answer ? std::optional(Response{"334 \r\n"}) : std::nullopt;
            }));
  EXPECT_EQ(play.run(), What::close);
  EXPECT_EQ(play.dialogue.end(), End::garbage);
}

TEST(DialogueAuth, required_tls_without_credentials_needs_starttls_only) {
  DialogueSettings plain = settings();
  plain.credentials = nullptr;
  Play with(plain, obedient({"STARTTLS", "AUTH PLAIN"}));
  EXPECT_EQ(with.run(), What::ready);
  EXPECT_THAT(with.commands, ElementsAre("EHLO client.test", "STARTTLS", "EHLO client.test"));
  Play without(plain, obedient({"AUTH PLAIN"}));
  EXPECT_EQ(without.run(), What::close);
  EXPECT_EQ(without.dialogue.end(), End::refused);
}

TEST(Rfc8314, tls_from_the_first_octet_comes_before_the_greeting) {
  Play play = play_with({"AUTH PLAIN", "STARTTLS"}, UseTls::from_start);
  EXPECT_EQ(play.dialogue.next().what, What::start_tls);
  EXPECT_EQ(play.run(), What::ready);
  EXPECT_TRUE(play.dialogue.tls());
  EXPECT_THAT(play.commands, ElementsAre("EHLO client.test", kPlain));
}

/// The whole conversation with the server's octets cut in two at `cut`: what the client says.
std::string said(const std::vector<std::string>& replies, size_t cut) {
  Dialogue dialogue(settings());
  std::string out;
  size_t reply = 0;
  size_t fed = 0;
  for (int step = 0; step < 1000; ++step) {
    const Dialogue::Step next = dialogue.next();
    if (next.what == What::send) {
      out += next.text;
      dialogue.sent();
    } else if (next.what == What::start_tls) {
      dialogue.tls_started();
    } else if (next.what == What::read) {
      if (reply == replies.size()) return out + "(more)";
      const std::string& octets = replies[reply++];
      const size_t first = cut > fed ? std::min(cut - fed, octets.size()) : 0;
      fed += octets.size();
      if (first > 0) dialogue.received(std::string_view(octets).substr(0, first));
      if (first < octets.size()) dialogue.received(std::string_view(octets).substr(first));
    } else {
      return out + (next.what == What::ready ? "(ready)" : "(close)");
    }
  }
  return out + "(endless)";
}

TEST(DialogueAuth, at_every_octet_where_replies_may_be_cut) {
  const std::string ehlo = "250-relay.test\r\n250-STARTTLS\r\n250 AUTH ";
  const std::vector<std::vector<std::string>> scripts = {
      {"220 hi\r\n", ehlo + "PLAIN\r\n", "220 go\r\n", ehlo + "PLAIN\r\n",
       "235-2.7.0 well\r\n235 2.7.0 come\r\n"},
      {"220 hi\r\n", ehlo + "LOGIN\r\n", "220 go\r\n", ehlo + "LOGIN\r\n", "334 VXNlcm5hbWU6\r\n",
       "334 UGFzc3dvcmQ6\r\n", "235 2.7.0 welcome\r\n"},
      {"220 hi\r\n", ehlo + "LOGIN\r\n", "220 go\r\n", ehlo + "LOGIN\r\n", "334 VXNlcm5hbWU6\r\n",
       "334 UGFzc3dvcmQ6\r\n", "535 5.7.8 no\r\n", "221 bye\r\n"},
  };
  for (const auto& replies : scripts) {
    size_t octets = 0;
    for (const std::string& one : replies) octets += one.size();
    const std::string whole = said(replies, octets);
    EXPECT_THAT(whole, testing::AnyOf(testing::EndsWith("(ready)"), testing::EndsWith("QUIT\r\n(close)")));
    for (size_t cut = 0; cut < octets; ++cut) ASSERT_EQ(said(replies, cut), whole) << cut;
  }
}

}  // namespace
}  // namespace waybill::deliver
