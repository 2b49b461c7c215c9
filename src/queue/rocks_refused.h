// rocks_refused.h: what was refused though its octets may have reached the log. Beginning a new log takes a
// moment in which some families are past the old one and others are not: a power cut then would bring the
// refused batch back for the others alone. So it is noted first, in the file `refused` of the spool: what
// opens the spool next leaves it out.
//
// The note bounds itself: it speaks of logs that nothing is appended to any more, and may stay for ever.
// Only rocks_*.cc include this.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waybill::queue::rocks {

struct Refused {
  uint64_t sequence = 0;          ///< of the last batch that was answered as good
  uint64_t log_max = UINT64_MAX;  ///< the last log that may hold what came after it
  [[nodiscard]] bool covers(uint64_t batch, uint64_t log) const { return batch > sequence && log <= log_max; }
};

/// None when there is no note, or none that can be read.
[[nodiscard]] std::optional<Refused> read_refused(rocksdb::Env& env, const std::string& path);
/// Durable when this succeeds; of all logs that are there now.
[[nodiscard]] rocksdb::Status write_refused(rocksdb::Env& env, const std::string& path, uint64_t sequence);
void forget_refused(rocksdb::Env& env, const std::string& path);

/// Of a log's file name, with or without its folder; 0: it is none.
[[nodiscard]] uint64_t log_number(std::string_view file);
[[nodiscard]] rocksdb::Status sync_folder(rocksdb::Env& env, const std::string& path);

}  // namespace waybill::queue::rocks
