// rocks_octets.h: how RocksDB's files write numbers and checksums. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "queue/crc32c.h"

namespace waybill::queue::rocks {

inline uint64_t little_endian(std::string_view octets) {
  uint64_t out = 0;
  for (size_t i = octets.size(); i-- > 0;) out = (out << 8) | static_cast<uint8_t>(octets[i]);
  return out;
}

/// RocksDB stores checksums "masked", so that the checksum of data that holds checksums stays a good one.
inline uint32_t masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }
inline uint32_t masked_crc32c(std::string_view octets) { return masked(crc32c(octets)); }

}  // namespace waybill::queue::rocks
