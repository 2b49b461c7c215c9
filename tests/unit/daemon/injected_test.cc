// Mail of the control socket is held to the rules of SMTP.
#include "daemon/injected.h"

#include <gmock/gmock.h>

namespace waybill::daemon {
namespace {
using testing::HasSubstr;

class Injected : public testing::Test {
 protected:
  Injected() {
    limits_.hostname = "mx1.example.org";
    request_.who = "ann";
    request_.envelope.recipients.push_back({*mail::Address::parse("bob@example.org")});
  }
  Result<receive::Accepted> accept(std::string message) {
    request_.message = std::move(message);
    return accept_injected(request_, limits_, MessageId{5}, Time{});
  }
  std::string why_not(std::string message) {
    const auto accepted = accept(std::move(message));
    if (accepted) return "taken";
    EXPECT_EQ(accepted.error().code, Errc::invalid);
    return accepted.error().what;
  }

  control::SendRequest request_;
  receive::Settings limits_;
};

TEST_F(Injected, what_is_taken_is_whole_behind_our_field) {
  std::string long_text = "Subject: x\r\n\r\n.\r\n..\r\n";  // no dot is stuffed here
  while (long_text.size() < 2 * kChunkOctetsMax + 100) long_text += std::string(70, 'x') + "\r\n";
  const auto accepted = accept(long_text);
  ASSERT_TRUE(accepted) << accepted.error().what;
  std::string all;
  for (const Chunk& chunk : accepted->chunks) {
    EXPECT_LE(chunk.size(), kChunkOctetsMax);
    all += chunk.view();
  }
  EXPECT_EQ(accepted->chunk_count, accepted->chunks.size());
  EXPECT_EQ(accepted->size_octets, all.size());
  EXPECT_THAT(all, testing::StartsWith("Received: by mx1.example.org (waybill, from user ann)\r\n"));
  EXPECT_THAT(all, testing::EndsWith("\r\n" + long_text));
  EXPECT_EQ(accepted->origin.user, "ann");
  EXPECT_EQ(accepted->envelope.recipients.size(), 1U);
}

TEST_F(Injected, what_smtp_refuses_is_refused) {
  EXPECT_THAT(why_not(std::string("Subject: x\r\n\r\nnu\0l\r\n", 20)), HasSubstr("NUL"));
  EXPECT_THAT(why_not("Subject: x\r\n\r\n" + std::string(200'000, 'x') + "\r\n"), HasSubstr("longer than"));
  std::string loop;
  for (int i = 0; i < 150; ++i) loop += "Received: from a by b\r\n";
  EXPECT_THAT(why_not(loop + "\r\nx\r\n"), HasSubstr("5.4.6"));
  std::string header;
  while (header.size() < 600'000) header += "X-Filler: " + std::string(900, 'x') + "\r\n";
  EXPECT_THAT(why_not(header + "\r\nx\r\n"), HasSubstr("headers are limited"));
  limits_.message_octets_max = 1000;
  EXPECT_THAT(why_not("\r\n" + std::string(30, 'x') + "\r\n"), "taken");
  EXPECT_THAT(why_not("\r\n" + std::string(1000, 'x') + "\r\n"), HasSubstr("limited to 1000 octets"));
}

TEST_F(Injected, so_are_too_many_recipients) {
  limits_.recipients_max = 2;
  request_.envelope.recipients.resize(2, request_.envelope.recipients[0]);
  EXPECT_EQ(why_not("\r\nx\r\n"), "taken");
  request_.envelope.recipients.resize(3, request_.envelope.recipients[0]);
  EXPECT_THAT(why_not("\r\nx\r\n"), HasSubstr("3 recipients"));
}

TEST_F(Injected, eight_bit_text_is_known_as_such) {
  EXPECT_EQ(accept("\r\nplain\r\n")->envelope.body, mail::BodyType::seven_bit);
  EXPECT_EQ(accept("\r\n\xc3\xbc\r\n")->envelope.body, mail::BodyType::eight_bit);
}
}  // namespace
}  // namespace waybill::daemon
