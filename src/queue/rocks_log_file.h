// rocks_log_file.h: a file system for RocksDB under which the write-ahead log is written into space that is
// there already, zeros, instead of growing with every write: a sync then has octets to write and nothing
// about the file itself, which on a journalling file system is the larger part of it. The room for a whole log
// is reserved by RocksDB, as ever: on a full disk there is still room for the fates of what is queued.
//
// What a crash leaves is a log with zeros behind its last record, which RocksDB reads as nothing; opening the
// spool cuts them off first (rocks_open.cc), so that a record that was cut short is still the file's end.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace waybill::queue::rocks {

/// How far ahead of the log's end zeros are written at a time.
inline constexpr uint64_t kLogAheadOctets = 2ULL << 20;

/// `base` with logs (names that end in ".log") written as above; every other file is its own. Zeros that
/// can't be written (no space, no such file in the real file system) are left out: they only save time.
[[nodiscard]] std::shared_ptr<rocksdb::FileSystem> log_ahead(std::shared_ptr<rocksdb::FileSystem> base);

/// How much of a log is to be kept: all but the zeros at its end, and never less than `whole_octets`, up to
/// where whole records stand: these may end in zeros of their own.
[[nodiscard]] uint64_t without_zeros(std::string_view log, uint64_t whole_octets);

}  // namespace waybill::queue::rocks
