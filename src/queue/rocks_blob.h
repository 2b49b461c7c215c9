// rocks_blob.h: reads the bodies out of a blob file by itself, without the tables that point into it: each
// record has its key beside its value.
//
// The format (version 1 of RocksDB's): a header of 30 octets; records of key length (8), value length (8),
// expiration (8), a masked CRC32C of these 24 (4), a masked CRC32C of key and value (4), key, value; a footer
// of
// 32. Numbers are little-endian. Pure; never changes a file.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace waybill::queue::rocks {

struct BlobScan {
  uint64_t records = 0;  ///< whole ones
  /// Octets stand between the header and the footer that belong to no whole record.
  bool damaged = false;
};

/// Calls `blob(key, value)` for every whole record; damaged ones are passed over.
BlobScan for_each_blob(std::string_view octets,
                       const std::function<void(std::string_view key, std::string_view value)>& blob);

}  // namespace waybill::queue::rocks
