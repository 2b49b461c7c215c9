// What the ledger's events say of a recipient that has left the queue.
#include "queue/ledger.h"

#include <gtest/gtest.h>

namespace waybill::queue {
namespace {

Event event(std::optional<uint32_t> recipient, EventKind kind, uint16_t code = 0) {
  Event out;
  out.recipient = recipient;
  out.kind = kind;
  out.reply.code = code;
  return out;
}

TEST(Ledger, every_attempt_of_a_recipient_counts_once) {
  const std::vector<Event> events{
      event({}, EventKind::accepted),         event(0, EventKind::deferred, 421),
      event(1, EventKind::deferred, 450),     event(0, EventKind::retry_asked),  // an operator's word alone
      event(0, EventKind::retry_asked, 450),  // applied to an attempt's result
      event(0, EventKind::delay_notice_sent), event(0, EventKind::delivered, 250)};
  EXPECT_EQ(attempts_of(0, events), 3U);
  EXPECT_EQ(attempts_of(1, events), 1U);
  EXPECT_EQ(attempts_of(2, events), 0U);
}

TEST(Ledger, a_delivery_without_a_reply_was_an_attempt) {
  EXPECT_EQ(attempts_of(0, {event(0, EventKind::delivered)}), 1U) << "a Maildir says nothing";
  EXPECT_EQ(attempts_of(0, {event(0, EventKind::held), event(0, EventKind::deleted)}), 0U);
}
}  // namespace
}  // namespace waybill::queue
