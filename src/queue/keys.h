// keys.h: the spool's keys, byte by byte as in docs/spool-format.md: big-endian, so that the order of bytes
// is the order of ids and of times. Pure. Parsers check every length: a key from disk is not trusted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "queue/store.h"

namespace waybill::queue {

/// A key of fixed size, built on the stack.
template <size_t N>
struct FixedKey {
  std::array<char, N> octets{};
  [[nodiscard]] std::string_view view() const { return {octets.data(), N}; }
};

[[nodiscard]] FixedKey<8> message_key(MessageId id);
[[nodiscard]] FixedKey<12> recipient_key(RecipientKey key);
[[nodiscard]] FixedKey<12> body_key(MessageId id, uint32_t n);
[[nodiscard]] FixedKey<20> due_key(Time at, RecipientKey key);
[[nodiscard]] FixedKey<16> ledger_key(MessageId id, uint64_t sequence);
/// domain, NUL, time, message, recipient. A domain's text has no NUL, so that no domain's keys lie within
/// another's.
[[nodiscard]] std::string due_domain_key(std::string_view domain, Time at, RecipientKey key);
[[nodiscard]] std::string due_domain_prefix(std::string_view domain);

/// Where a held recipient stands in due_domain: after everything that is ever due.
inline constexpr Time kHeldAt = Time::max();

[[nodiscard]] std::optional<MessageId> parse_message_key(std::string_view key);
[[nodiscard]] std::optional<RecipientKey> parse_recipient_key(std::string_view key);
struct DueKey {
  Time at{};
  RecipientKey key;
};
[[nodiscard]] std::optional<DueKey> parse_due_key(std::string_view key);
/// The fixed tail of a due_domain key has the shape of a due key.
[[nodiscard]] std::optional<Due> parse_due_domain_key(std::string_view key);
struct LedgerKey {
  MessageId message;
  uint64_t sequence = 0;
};
[[nodiscard]] std::optional<LedgerKey> parse_ledger_key(std::string_view key);

}  // namespace waybill::queue
