#include "handover/fresh.h"

namespace waybill::handover {

Fresh to_fresh(MessageId id, Time now, mail::Origin origin, mail::Envelope envelope) {
  Fresh fresh;
  fresh.message.id = id;
  fresh.message.arrived = now;
  fresh.message.origin = std::move(origin);
  fresh.recipients.reserve(envelope.recipients.size());
  for (mail::Recipient& recipient : envelope.recipients) {
    queue::RecipientRecord record;
    record.recipient = std::move(recipient);
    record.next_attempt = now;
    fresh.recipients.push_back(std::move(record));
  }
  envelope.recipients.clear();
  fresh.message.recipient_count = static_cast<uint32_t>(fresh.recipients.size());
  fresh.message.envelope = std::move(envelope);
  return fresh;
}

void set_body(Fresh& fresh, const std::vector<Chunk>& chunks, uint64_t size_octets) {
  fresh.message.size_octets = size_octets;
  fresh.message.chunk_count = static_cast<uint32_t>(chunks.size());
  fresh.body = std::make_shared<mail::MemoryBody>(chunks);
}

queue::NewMessage to_store(const Fresh& fresh, std::vector<Chunk> chunks, uint32_t first_chunk) {
  queue::NewMessage out;
  out.message = fresh.message;
  out.recipients = fresh.recipients;
  out.first_chunk = first_chunk;
  out.chunks = std::move(chunks);
  return out;
}

}  // namespace waybill::handover
