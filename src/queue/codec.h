// codec.h: the spool's values, byte by byte as in docs/spool-format.md. Every value begins with its format
// version, its type and a CRC32C over type, key and payload, so that a value that was damaged or stands
// under a key that is not its own is told from a good one. Pure; decoders take hostile bytes: they check
// bounds first, never allocate more than the value's own size, and answer Errc::corrupt.
#pragma once

#include <string>
#include <string_view>

#include "queue/types.h"

namespace waybill::queue {

inline constexpr uint8_t kFormatVersion = 1;
inline constexpr size_t kValueHeaderOctets = 6;  ///< version, type, CRC32C

enum class ValueType : uint8_t {
  message = 1,
  recipient = 2,
  body = 3,
  due = 4,
  due_domain = 5,
  event = 6,
  counters = 7
};

/// What the store counts, kept in the same batch as what it counts.
struct Counters {
  uint64_t messages = 0;
  uint64_t recipients_queued = 0;
  uint64_t recipients_held = 0;
  uint64_t ledger_sequence = 0;  ///< the last one used
  uint64_t highest_id = 0;
  bool operator==(const Counters&) const = default;
};

/// An event as the ledger keeps it: an `accepted` one carries how many recipients came with it.
struct LedgerEntry {
  Event event;
  uint32_t accepted_recipients = 0;
  bool operator==(const LedgerEntry&) const = default;
};

[[nodiscard]] std::string encode(std::string_view key, const MessageRecord& record);
[[nodiscard]] std::string encode(std::string_view key, const RecipientRecord& record);
[[nodiscard]] std::string encode(std::string_view key, const LedgerEntry& entry);
[[nodiscard]] std::string encode(std::string_view key, const Counters& counters);
[[nodiscard]] std::string encode_due(std::string_view key, std::string_view domain);
[[nodiscard]] std::string encode_due_domain(std::string_view key);
/// Only the header: the payload is the chunk itself, written beside it without a copy.
[[nodiscard]] std::string encode_body_header(std::string_view key, std::string_view payload);

[[nodiscard]] Result<MessageRecord> decode_message(std::string_view key, std::string_view value);
[[nodiscard]] Result<RecipientRecord> decode_recipient(std::string_view key, std::string_view value);
[[nodiscard]] Result<LedgerEntry> decode_event(std::string_view key, std::string_view value);
[[nodiscard]] Result<Counters> decode_counters(std::string_view key, std::string_view value);
[[nodiscard]] Result<std::string> decode_due(std::string_view key, std::string_view value);
/// The payload, a view into `value`.
[[nodiscard]] Result<std::string_view> decode_body(std::string_view key, std::string_view value);

}  // namespace waybill::queue
