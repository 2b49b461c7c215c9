// crc32c.h: the Castagnoli checksum (RFC 3720 12.1) that every stored value carries. Pure; uses the
// processor's own instruction where there is one.
#pragma once

#include <cstdint>
#include <string_view>

namespace waybill::queue {

/// Continues `crc` (0 to begin) over `bytes`; crc32c("123456789") is 0xe3069283.
[[nodiscard]] uint32_t crc32c(std::string_view bytes, uint32_t crc = 0);
/// The table-driven form that `crc32c` falls back to; here so that tests can compare the two.
[[nodiscard]] uint32_t crc32c_portable(std::string_view bytes, uint32_t crc = 0);

}  // namespace waybill::queue
