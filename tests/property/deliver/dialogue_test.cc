// Against a server that answers at random: the dialogue ends, stays small, and never says delivered without a
// 2yz to a body that went out whole, nor rejected without a 5yz or a reason of its own.
#include "deliver/dialogue.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

#include "smtp/auth.h"
#include "smtp/dot_stuff.h"
#include "support/dialogue_play.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::make_delivery;
using test::Play;
using test::Response;

const std::vector<std::string> kReplies = {
    "220 hello\r\n",
    "250 2.0.0 ok\r\n",
    "250-a\r\n250 b\r\n",
    "354 go\r\n",
    "421 4.3.2 bye\r\n",
    "450 4.2.1 later\r\n",
    "452 4.5.3 too many\r\n",
    "550 5.1.1 no\r\n",
    "552 too many\r\n",
    "250-a\r\n550 b\r\n",
    "junk\r\n",
    "299 odd\r\n",
    "499 odd\r\n",
    "599 odd\r\n",
    "",
    "251 one\r\n",
    "25",
    "250-s\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n",
    "250-s\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=2\r\n",
    "250-s\r\n250 CHUNKING\r\n"};

TEST(DialogueProperty, a_random_server_never_gets_a_false_answer_out_of_it) {
  EXPECT_TRUE(rc::check([](unsigned seed, bool lmtp) {
    std::mt19937 random(seed);
    const bool often_kind = random() % 4 != 0;
    bool body_yes = false;  // a 2yz was the server's answer to a body
    Play play(
        {.hostname = "c.test",
         .host = "h",
         .address = "a",
         .protocol = lmtp ? Protocol::lmtp : Protocol::smtp},
        [&](const std::string& command) -> Response {
          const bool body = command == "BODY" || command.starts_with("BDAT");
          std::string reply = kReplies[random() % kReplies.size()];
          if (often_kind && random() % 8 != 0) {
            reply = command == "BANNER" ? "220 s\r\n" : command == "DATA" ? "354 go\r\n" : "250 2.0.0 ok\r\n";
            if (command.starts_with("EHLO") || command.starts_with("LHLO"))
              reply = kReplies[17 + random() % 3];
          }
          if (body && reply.starts_with("2")) body_yes = true;
          const auto then = random() % 20 == 0 ? Response::Then::drop : Response::Then::stay;
          return {reply, then};
        });
    play.tls_works = random() % 2 == 0;
    const int messages = 1 + static_cast<int>(random() % 3);
    for (int n = 0; n < messages && play.dialogue.end() == Dialogue::End::open; ++n) {
      body_yes = false;
      std::vector<std::string> to;
      for (unsigned r = 0; r <= random() % 5; ++r) to.push_back("u" + std::to_string(r) + "@d.test");
      Outcomes outcomes;
      const auto end = play.message(*make_delivery(to), outcomes);
      RC_ASSERT(!play.endless);
      for (const auto& outcome : outcomes) {
        if (!outcome) {
          RC_ASSERT(end != Dialogue::MessageEnd::settled || !play.done);
          continue;
        }
        if (outcome->fate == Fate::delivered) {
          RC_ASSERT(outcome->reply.code >= 200 && outcome->reply.code < 300);
          RC_ASSERT(body_yes);
        }
        if (outcome->fate == Fate::rejected) RC_ASSERT(outcome->reply.permanent());
        if (outcome->fate == Fate::deferred) RC_ASSERT(!outcome->reply.positive());
      }
    }
  }));
}

// The other way round: a server that never says 2yz after a body never leads to "delivered".
TEST(DialogueProperty, without_a_yes_to_the_body_nothing_is_delivered) {
  EXPECT_TRUE(rc::check([](unsigned seed) {
    std::mt19937 random(seed);
    const std::string no = std::vector<std::string>{
        "451 4.3.0 no\r\n", "550 5.0.0 no\r\n", "", "354 go\r\n", "x\r\n", "421 4.0.0 no\r\n"}[random() % 6];
    const auto offers = kReplies[17 + random() % 3];
    Play play(
        {.hostname = "c.test", .host = "h", .address = "a"}, [&](const std::string& command) -> Response {
          if (command == "BANNER") return {"220 s\r\n"};
          if (command.starts_with("EHLO")) return {offers};
          if (command.starts_with("RCPT")) return {random() % 3 == 0 ? "550 5.1.1 no\r\n" : "250 ok\r\n"};
          if (command == "DATA") return {"354 go\r\n"};
          const bool body = command == "BODY" || command.starts_with("BDAT");
          return {body ? no : "250 ok\r\n", body && no.empty() ? Response::Then::drop : Response::Then::stay};
        });
    Outcomes outcomes;
    play.message(*make_delivery({"a@d.test", "b@d.test", "c@d.test"}), outcomes);
    RC_ASSERT(!play.endless);
    for (const auto& outcome : outcomes) RC_ASSERT(!outcome || outcome->fate != Fate::delivered);
  }));
}

/// A server that is often kind, as far as somebody gets who has credentials.
std::string kind_to_accounts(const std::string& command, std::mt19937& random) {
  if (command == "BANNER") return "220 s\r\n";
  if (command == "STARTTLS") return "220 go\r\n";
  if (command.starts_with("EHLO")) {
    return std::vector<std::string>{
        "250-s\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n", "250-s\r\n250-STARTTLS\r\n250 AUTH LOGIN\r\n",
        "250-s\r\n250 AUTH PLAIN LOGIN\r\n", "250-s\r\n250 STARTTLS\r\n"}[random() % 4];
  }
  if (command.starts_with("AUTH PLAIN"))
    return std::vector<std::string>{"235 yes\r\n", "504 no\r\n", "535 no\r\n"}[random() % 3];
  if (command == "AUTH LOGIN" || command == smtp::base64("joe")) return "334 VXNlcm5hbWU6\r\n";
  return command == "DATA" ? "354 go\r\n" : "235 yes\r\n";
}

// RFC 4954 4, RFC 8314: whatever the server says, and whatever the settings say of TLS.
TEST(DialogueProperty, a_random_server_gets_no_password_in_the_clear_and_no_mail_before_it) {
  const Credentials account{.user = "joe", .password = "open sesame"};
  const std::vector<std::string> secrets = {account.password, smtp::base64(account.password),
                                            smtp::plain_response(account.user, account.password)};
  size_t signed_in_often = 0;
  EXPECT_TRUE(rc::check([&](unsigned seed) {
    std::mt19937 random(seed);
    const bool works = random() % 4 != 0;
    const auto tls = static_cast<UseTls>(random() % 4);
    bool signed_in = false;
    const Play* self = nullptr;
    Play play({.hostname = "c.test",
               .host = "h",
               .address = "a",
               .tls = tls,
               .credentials = std::make_shared<const Credentials>(account)},
              [&](const std::string& command) -> Response {
                const bool secret = std::ranges::any_of(
                    secrets, [&](const auto& one) { return command.find(one) != std::string::npos; });
                RC_ASSERT(!secret || (self != nullptr && self->tls_on));
                RC_ASSERT(signed_in || !command.starts_with("MAIL"));
                std::string reply = random() % 8 != 0 ? kind_to_accounts(command, random)
                                                      : kReplies[random() % kReplies.size()];
                const bool about_account =
                    secret || command.starts_with("AUTH") || command == smtp::base64("joe");
                signed_in = signed_in || (about_account && reply.starts_with("2"));
                return {std::move(reply)};
              });
    self = &play;
    play.tls_works = works;
    Outcomes outcomes;
    play.message(*make_delivery({"a@d.test"}), outcomes);
    RC_ASSERT(!play.endless);
    signed_in_often += signed_in ? 1 : 0;
    for (const auto& outcome : outcomes) RC_ASSERT(signed_in || !outcome || outcome->fate == Fate::deferred);
  }));
  EXPECT_GT(signed_in_often, 5U) << "the way there is taken, too";
}

std::string on_the_wire(const std::string& body, smtp::Dots dots, unsigned seed) {
  std::mt19937 random(seed);
  smtp::BodyEncoder encoder(dots);
  std::string out;
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < body.size();) {
    const size_t step = 1 + random() % 7;
    encoder.encode(std::string_view(body).substr(at, step), pieces);
    for (const auto piece : pieces) out += piece;
    pieces.clear();
    at += step;
  }
  encoder.finish(pieces);
  for (const auto piece : pieces) out += piece;
  return out;
}

TEST(BodyEncoderProperty, one_end_of_data_no_bare_line_ends_and_cuts_do_not_matter) {
  EXPECT_TRUE(rc::check([](unsigned seed) {
    std::mt19937 random(seed);
    std::string body;
    for (unsigned n = 0; n < random() % 60; ++n) body += "\r\n.\r\nab"[random() % 7];
    const std::string wire = on_the_wire(body, smtp::Dots::doubled, seed + 1);
    RC_ASSERT(wire == on_the_wire(body, smtp::Dots::doubled, seed + 2));
    RC_ASSERT(("\r\n" + wire).find("\r\n.\r\n") == wire.size() - 3);
    for (size_t n = 0; n < wire.size(); ++n) {
      if (wire[n] == '\n') RC_ASSERT(n > 0 && wire[n - 1] == '\r');
      if (wire[n] == '\r') RC_ASSERT(n + 1 < wire.size() && wire[n + 1] == '\n');
    }
    const auto facts = scan_body(mail::MemoryBody(body));
    const std::string literal = on_the_wire(body, smtp::Dots::literal, seed + 3);
    if (facts->bare) RC_ASSERT(facts->literal_octets == literal.size());
    if (!facts->bare && body.ends_with("\r\n")) RC_ASSERT(literal == body);
  }));
}
}  // namespace
}  // namespace waybill::deliver
