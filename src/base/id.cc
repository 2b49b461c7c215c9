#include "base/id.h"

#include <algorithm>

namespace waybill {
namespace {
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kLength = 12;
constexpr int kSequenceBits = 19;
constexpr int64_t kEpochMs = 1'577'836'800'000;  // 2020-01-01T00:00:00Z

int digit(char c) {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (c == 'i' || c == 'l') c = '1';
  if (c == 'o') c = '0';
  const size_t at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}
}  // namespace

std::string MessageId::to_string() const {
  std::string out(kLength, '0');
  uint64_t left = value;
  for (int i = kLength - 1; i >= 0; --i) {
    out[static_cast<size_t>(i)] = kAlphabet[left & 31];
    left >>= 5;
  }
  return out;
}

Time MessageId::time() const { return Time{Millis{static_cast<int64_t>(value >> kSequenceBits) + kEpochMs}}; }

Result<MessageId> MessageId::parse(std::string_view text) {
  if (text.size() != kLength)
    return fail(Errc::invalid, "'{}' is not a message id: it has {} characters, not 12", text, text.size());
  uint64_t value = 0;
  for (const char c : text) {
    const int d = digit(c);
    if (d < 0)
      return fail(Errc::invalid, "'{}' is not a message id: '{}' is not one of its characters", text, c);
    value = value << 5 | static_cast<uint64_t>(d);
  }
  return MessageId{value};
}

MessageId IdSource::next() {
  const int64_t ms = std::max<int64_t>(clock_.now().time_since_epoch().count() - kEpochMs, 0);
  const uint64_t floor = static_cast<uint64_t>(ms) << kSequenceBits;
  uint64_t last = last_.load(std::memory_order_relaxed);
  uint64_t next = 0;
  do {
    next = std::max(last + 1, floor);
  } while (!last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
  return {next};
}

void IdSource::start_after(MessageId highest) {
  uint64_t last = last_.load();
  while (last < highest.value && !last_.compare_exchange_weak(last, highest.value)) {
  }
}

}  // namespace waybill
