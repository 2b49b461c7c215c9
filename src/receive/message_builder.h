// message_builder.h: one incoming message's content, from the socket's octets into chunks, with its faults
// found on the way. One copy: from the read buffer into the chunk that is stored.
//
// Memory: at most the chunk under way plus the full ones not yet taken. A message with a fault keeps nothing
// more, but its octets are still read to their end, so that what follows is known to be a command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "mail/outcome.h"
#include "receive/forged_fields.h"
#include "receive/header_watch.h"
#include "receive/settings.h"
#include "smtp/body_decoder.h"

namespace waybill::receive {

/// Why a message that came in whole is refused. Of several the first in this order is told, so that the
/// answer does not depend on how the octets were cut up on their way.
enum class Fault : uint8_t {
  none,
  too_big,
  header_too_big,
  bare_newline,
  nul,
  line_too_long,
  loop,
};

/// What the client is told; none for Fault::none. All are permanent: the same message stays refused.
[[nodiscard]] std::optional<mail::Reply> refusal_of(Fault fault, const Settings& settings);

class MessageBuilder {
 public:
  /// `head` is put before the content: our Received field and what else we say of it. `size_hint` is what the
  /// client declared, 0: unknown.
  MessageBuilder(const Settings& settings, smtp::Framing framing, std::string head, uint64_t size_hint,
                 ForgedFields forged = ForgedFields::kept);

  struct Progress {
    size_t consumed = 0;
    bool ended = false;  ///< Framing::dot: the end of data was seen
  };
  /// Takes content from the socket, all of it unless the data ends before.
  [[nodiscard]] Progress take(std::string_view in);
  /// Full chunks since the last call, to be spilled, in order.
  [[nodiscard]] std::vector<Chunk> take_full_chunks() { return std::exchange(full_, {}); }
  /// No more content. Returns what is left of the last chunk; empty if there is nothing.
  [[nodiscard]] Chunk finish();

  /// From now on content is only read, not kept.
  void discard();
  [[nodiscard]] Fault fault() const;
  [[nodiscard]] uint64_t content_octets() const { return content_octets_; }  ///< without `head`
  /// As stored, once it is finished.
  [[nodiscard]] uint64_t size_octets() const { return head_octets_ + content_octets_ - forged_octets_; }
  [[nodiscard]] bool has_eight_bit() const { return has_eight_bit_; }

 private:
  void inspect(std::string_view fresh);
  void take_out_forged(size_t before);
  void found(Fault fault);

  const Settings& settings_;
  smtp::BodyDecoder decoder_;
  HeaderWatch header_;
  std::string buffer_;
  std::vector<Chunk> full_;
  uint64_t head_octets_ = 0;
  uint64_t content_octets_ = 0;
  std::optional<ForgedFieldFilter> forged_;
  uint64_t forged_octets_ = 0;  ///< taken out
  uint8_t faults_ = 0;          ///< a bit for each Fault found
  bool discarding_ = false;
  bool has_eight_bit_ = false;
};

}  // namespace waybill::receive
