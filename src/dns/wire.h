// wire.h: bounded reading of DNS wire format, shared by record.cc and message.cc. Every octet is hostile: no
// read goes past the end, a compression pointer must point backwards, so every name ends (RFC 1035 4.1.4).
// Not thread-safe; views the caller's octets, keeps none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"
#include "dns/record.h"

namespace waybill::dns {

enum class Compression : uint8_t { refused, allowed };

class WireReader {
 public:
  /// Reads `whole` from `at` up to `end`; compression pointers may reach anything before them in `whole`.
  WireReader(std::string_view whole, size_t at, size_t end) : whole_(whole), at_(at), end_(end) {}
  explicit WireReader(std::string_view whole) : WireReader(whole, 0, whole.size()) {}

  [[nodiscard]] size_t at() const { return at_; }
  [[nodiscard]] size_t left() const { return end_ - at_; }
  [[nodiscard]] Result<uint8_t> u8();
  [[nodiscard]] Result<uint16_t> u16();
  [[nodiscard]] Result<uint32_t> u32();
  [[nodiscard]] Result<std::string_view> take(size_t octets);
  [[nodiscard]] std::string_view rest();
  [[nodiscard]] Result<Name> name(Compression compression);
  /// The same, its letters as they were sent, uncompressed; for echoing a question (0x20 case games).
  [[nodiscard]] Result<std::string> spelled_name();

 private:
  [[nodiscard]] Result<std::string> raw_name(Compression compression);

  std::string_view whole_;
  size_t at_;
  size_t end_;
};

void append_u16(std::string& out, uint16_t value);
void append_u32(std::string& out, uint32_t value);

/// Rdata that may hold compressed names (those types whose names RFC 3597 4 lets a sender compress) → data.
/// `reader` spans exactly the rdata; what it leaves unread is an error.
[[nodiscard]] Result<Data> read_rdata(Type type, WireReader& reader, Compression compression);

}  // namespace waybill::dns
