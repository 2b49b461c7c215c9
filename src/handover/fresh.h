// fresh.h: a message on its way into the spool: what the store keeps of it, and what the scheduler learns of
// it once it is kept. Values; nothing here asks or blocks.
#pragma once

#include <vector>

#include "mail/body.h"
#include "queue/store.h"

namespace waybill::handover {

struct Fresh {
  queue::MessageRecord message;
  std::vector<queue::RecipientRecord> recipients;
  mail::BodyPtr body;  ///< the content while it is in memory anyway; null: read it from the spool
};

/// Every recipient of the envelope becomes a record of its own, due at once. The body and its size are the
/// caller's to fill in.
[[nodiscard]] Fresh to_fresh(MessageId id, Time now, mail::Origin origin, mail::Envelope envelope);

/// The body when all of it is in memory: its chunks are shared, not copied.
void set_body(Fresh& fresh, const std::vector<Chunk>& chunks, uint64_t size_octets);

/// What the store takes.
[[nodiscard]] queue::NewMessage to_store(const Fresh& fresh, std::vector<Chunk> chunks,
                                         uint32_t first_chunk = 0);

}  // namespace waybill::handover
