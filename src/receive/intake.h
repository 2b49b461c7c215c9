// intake.h: where accepted messages go. The daemon implements it over the queue's store.
//
// Thread rule: called on any session's loop, at once from several threads. `done` may be called on any
// thread, within the call or later, exactly once, and only after the message is durable: the client's 250
// follows it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "mail/expand.h"

namespace waybill::receive {

/// A whole message: chunks 0 to first_chunk-1 were spilled already, `chunks` are the rest.
struct Accepted {
  MessageId id;
  mail::Envelope envelope;
  std::vector<mail::Expanded> expanded;  ///< what `envelope`'s recipients came from, where it differs
  mail::Origin origin;
  uint32_t first_chunk = 0;   ///< which chunk of the body chunks[0] is
  std::vector<Chunk> chunks;  ///< may be empty when everything was spilled
  uint32_t chunk_count = 0;   ///< of the whole body
  uint64_t size_octets = 0;   ///< of the whole body, with our Received field
};

class Intake {
 public:
  virtual ~Intake() = default;
  [[nodiscard]] virtual MessageId begin() = 0;
  /// Keeps chunk `n` of a body that is still coming in, outside the session's memory.
  [[nodiscard]] virtual Status spill(MessageId id, uint32_t n, Chunk chunk) = 0;
  /// Errc::no_space becomes 452 4.3.1, everything else 451 4.3.0 (RFC 5321 4.2.3).
  virtual void commit(Accepted message, std::move_only_function<void(Status)> done) = 0;
  /// The message will not be committed; its `chunks` spilled chunks may go.
  virtual void abandon(MessageId id, uint32_t chunks) = 0;
};

}  // namespace waybill::receive
