// rocks_log.h: looks at the octets of a write-ahead log or a manifest itself, where RocksDB says nothing: it
// takes a record whose length passes the file's end for one cut short by a power cut, and drops what stands
// behind it.
//
// The format (version 1 of RocksDB's, without recycling): blocks of 32 KiB; in them records of a masked
// CRC32C (4, little-endian, over type and payload), a length (2), a type (1: 1 full, 2 first, 3 middle, 4
// last) and the payload; fewer than 7 octets at a block's end are filled with zeros. A full or first record's
// payload begins with the batch's sequence number (8, little-endian). Pure; never changes a log.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace waybill::queue::rocks {

struct LogScan {
  /// A whole batch, later by its sequence number, stands behind octets that are no record; or the last record
  /// is whole but for its length. These were not cut short, they were changed.
  bool damaged = false;
  /// Where reading stopped: the first octet that belongs to no whole record, or the log's size.
  uint64_t readable_octets = 0;
  /// The sequence number of the last whole batch before that; what was given when there is none.
  uint64_t last_sequence = 0;
};

/// `last_sequence` is that of the last batch of the logs before this one; 0 when there is none.
[[nodiscard]] LogScan scan_log(std::string_view octets, uint64_t last_sequence);

/// Whether a manifest was changed, other than by being cut short: it has the same records, without numbers.
[[nodiscard]] bool manifest_is_damaged(std::string_view octets);

/// The sequence number with which a batch begins. REQUIRES: it has at least 8 octets.
[[nodiscard]] uint64_t sequence_of(std::string_view batch);

/// Every whole batch in its order; octets that are no record are passed over, to the next block that begins
/// one.
void for_each_batch(std::string_view octets, const std::function<void(const std::string&)>& batch);

}  // namespace waybill::queue::rocks
