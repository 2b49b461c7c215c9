#include "queue/keys.h"

namespace waybill::queue {
namespace {

void put32(char* at, uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) at[i] = static_cast<char>(value & 0xff);
}
void put64(char* at, uint64_t value) {
  for (int i = 7; i >= 0; --i, value >>= 8) at[i] = static_cast<char>(value & 0xff);
}
uint32_t get32(const char* at) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}
uint64_t get64(const char* at) { return static_cast<uint64_t>(get32(at)) << 32 | get32(at + 4); }

// Signed milliseconds with the sign bit flipped: negative times sort before positive ones.
constexpr uint64_t kSign = uint64_t{1} << 63;
uint64_t time_bits(Time at) { return static_cast<uint64_t>(at.time_since_epoch().count()) ^ kSign; }
Time time_of(uint64_t bits) { return Time{Millis{static_cast<int64_t>(bits ^ kSign)}}; }

}  // namespace

FixedKey<8> message_key(MessageId id) {
  FixedKey<8> out;
  put64(out.octets.data(), id.value);
  return out;
}

FixedKey<12> recipient_key(RecipientKey key) {
  FixedKey<12> out;
  put64(out.octets.data(), key.message.value);
  put32(out.octets.data() + 8, key.index);
  return out;
}

FixedKey<12> body_key(MessageId id, uint32_t n) { return recipient_key({id, n}); }

FixedKey<20> due_key(Time at, RecipientKey key) {
  FixedKey<20> out;
  put64(out.octets.data(), time_bits(at));
  put64(out.octets.data() + 8, key.message.value);
  put32(out.octets.data() + 16, key.index);
  return out;
}

FixedKey<16> ledger_key(MessageId id, uint64_t sequence) {
  FixedKey<16> out;
  put64(out.octets.data(), id.value);
  put64(out.octets.data() + 8, sequence);
  return out;
}

std::string due_domain_key(std::string_view domain, Time at, RecipientKey key) {
  std::string out;
  out.reserve(domain.size() + 21);
  out.append(domain).push_back('\0');
  out.append(due_key(at, key).view());
  return out;
}

std::string due_domain_prefix(std::string_view domain) {
  std::string out(domain);
  out.push_back('\0');
  return out;
}

std::optional<MessageId> parse_message_key(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  return MessageId{get64(key.data())};
}

std::optional<RecipientKey> parse_recipient_key(std::string_view key) {
  if (key.size() != 12) return std::nullopt;
  return RecipientKey{{get64(key.data())}, get32(key.data() + 8)};
}

std::optional<DueKey> parse_due_key(std::string_view key) {
  if (key.size() != 20) return std::nullopt;
  return DueKey{time_of(get64(key.data())), {{get64(key.data() + 8)}, get32(key.data() + 16)}};
}

std::optional<Due> parse_due_domain_key(std::string_view key) {
  if (key.size() < 21 || key[key.size() - 21] != '\0') return std::nullopt;
  const auto tail = parse_due_key(key.substr(key.size() - 20));
  if (!tail) return std::nullopt;
  return Due{tail->at, tail->key, std::string(key.substr(0, key.size() - 21))};
}

std::optional<LedgerKey> parse_ledger_key(std::string_view key) {
  if (key.size() != 16) return std::nullopt;
  return LedgerKey{{get64(key.data())}, get64(key.data() + 8)};
}

}  // namespace waybill::queue
