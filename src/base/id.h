// id.h: message ids. 60 bits: 41 bits of milliseconds since 2020-01-01, 19 bits to tell apart those of
// one millisecond. Twelve characters of Crockford's base 32 (no i, l, o, u): they sort by time and can be
// read aloud over a telephone.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace waybill {

struct MessageId {
  uint64_t value = 0;

  auto operator<=>(const MessageId&) const = default;
  [[nodiscard]] std::string to_string() const;
  /// When the id was made, to the millisecond (later than the truth after a backward clock jump).
  [[nodiscard]] Time time() const;
  /// Accepts either case, and i/l for 1 and o for 0, as Crockford's alphabet asks.
  [[nodiscard]] static Result<MessageId> parse(std::string_view text);
};

/// Hands out ids that only grow, even when the clock goes backward. Thread-safe and lock-free.
class IdSource {
 public:
  explicit IdSource(const Clock& clock) : clock_(clock) {}
  [[nodiscard]] MessageId next();
  /// After a restart: never hand out an id at or below one that the spool holds.
  void start_after(MessageId highest);

 private:
  const Clock& clock_;
  std::atomic<uint64_t> last_{0};
};

}  // namespace waybill

template <>
struct std::hash<waybill::MessageId> {
  size_t operator()(waybill::MessageId id) const noexcept { return std::hash<uint64_t>{}(id.value); }
};
