#include <gtest/gtest.h>

#include "queue/codec.h"
#include "queue/crc32c.h"
#include "queue/keys.h"
#include "support/queue_samples.h"

namespace waybill::queue {
namespace {

using namespace samples;

TEST(Crc32c, matches_rfc_3720_and_its_portable_form) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);  // RFC 3720 B.4
  std::string text;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(crc32c(text), crc32c_portable(text));
    text.push_back(static_cast<char>(i * 7));
  }
  EXPECT_EQ(crc32c("456789", crc32c("123")), crc32c("123456789"));
}

TEST(Keys, sort_as_what_they_name) {
  EXPECT_LT(due_key(Time{Millis{-5}}, {{9}, 9}).view(), due_key(Time{Millis{0}}, {{1}, 0}).view());
  EXPECT_LT(due_key(Time{Millis{255}}, {{9}, 9}).view(), due_key(Time{Millis{256}}, {{1}, 0}).view());
  EXPECT_LT(recipient_key({{255}, 7}).view(), recipient_key({{256}, 0}).view());
  EXPECT_LT(due_domain_key("a.example", kHeldAt, {{9}, 9}),
            due_domain_key("a.examplea", Time::min(), {{0}, 0}));
  const auto back = parse_due_domain_key(due_domain_key("x.example", kStart, {id_at(3), 4}));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, (Due{kStart, {id_at(3), 4}, "x.example"}));
  EXPECT_FALSE(parse_due_domain_key("short"));
  EXPECT_FALSE(parse_recipient_key("13 octets ..."));
}

RecipientRecord full_recipient() {
  RecipientRecord out = recipient("\"odd local\"@[IPv6:2001:db8::1]", kStart);
  out.recipient.notify = mail::notify_success | mail::notify_failure;
  out.recipient.orcpt = "rfc822;a@b";
  out.state = State::held;
  out.attempts = 65535;
  out.last_attempt = Time{Millis{-1}};
  out.last_reply = {550, {5, 1, 1}, "no\nsuch \xff user"};
  out.last_host = "mx.example.net";
  out.route_pin = "[relay.example]:587";
  out.delay_notified = true;
  out.reply_is_remote = true;
  return out;
}

TEST(Codec, round_trips) {
  const RecipientRecord record = full_recipient();
  EXPECT_EQ(*decode_recipient("k", encode("k", record)), record);
  RecipientRecord unanswered = record;
  unanswered.reply_is_remote = false;
  EXPECT_EQ(*decode_recipient("k", encode("k", unanswered)), unanswered);
  MessageRecord about = message(id_at(1), {"a@example.net"}).message;
  about.origin.client_ip = *IpAddress::parse("2001:db8::25");
  about.origin.via = mail::Origin::Via::bounce;
  about.envelope.from.reset();
  about.envelope.body = mail::BodyType::binary;
  about.envelope.requiretls = true;
  about.size_octets = UINT64_MAX;
  EXPECT_EQ(*decode_message("k", encode("k", about)), about);
  LedgerEntry entry;
  entry.event.kind = EventKind::deferred;
  entry.event.recipient = UINT32_MAX;
  entry.event.reply = {421, {}, "busy"};
  EXPECT_EQ(*decode_event("k", encode("k", entry)), entry);
  entry = {};
  entry.accepted_recipients = 7;
  EXPECT_EQ(*decode_event("k", encode("k", entry)), entry);
  const Counters counters{1, 2, 3, UINT64_MAX, 5};
  EXPECT_EQ(*decode_counters("k", encode("k", counters)), counters);
  EXPECT_EQ(*decode_due("k", encode_due("k", "example.net")), "example.net");
  EXPECT_EQ(*decode_body("k", encode_body_header("k", "chunk") + "chunk"), "chunk");
}

TEST(Codec, every_flipped_bit_and_every_cut_is_corrupt) {
  const std::string good = encode("key", full_recipient());
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      const auto read = decode_recipient("key", bad);
      ASSERT_FALSE(read) << i;
      EXPECT_EQ(read.error().code, Errc::corrupt);
    }
    EXPECT_FALSE(decode_recipient("key", good.substr(0, i)));
  }
  EXPECT_FALSE(decode_recipient("other key", good)) << "a value under a key that is not its own";
  EXPECT_FALSE(decode_message("key", good)) << "a value of another type";
}

}  // namespace
}  // namespace waybill::queue
