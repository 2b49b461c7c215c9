// zone_file.h: reads a zone file (RFC 1035 5, RFC 2308 4, BIND's $GENERATE) into records that know where they
// stand. Collects errors instead of stopping at the first; a record with an error is left out, never guessed.
// Limits: include depth, records, octets, errors. Pure but for $INCLUDE, which read_zone_file takes from
// disk, relative to the file that includes. Never judges what the records mean: that is zone.h's and the
// lint's part.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/record.h"

namespace waybill::dns {

struct ZoneRecord {
  Record record;
  std::string file;
  int line = 0;  ///< of the record's first token
  int column = 0;
  int target_line = 0;  ///< of its last token: where an MX, NS, CNAME, PTR or SRV names its host
  int target_column = 0;
};

struct ZoneError {
  std::string file;
  int line = 0;
  int column = 0;
  std::string what;
  /// "lab.zone:12:5: the preference '70000' is not a number from 0 to 65535".
  [[nodiscard]] std::string to_string() const;
};

struct ZoneFile {
  Name origin;  ///< the SOA's owner, or the first $ORIGIN, or what the file's name says
  bool has_soa = false;
  std::vector<ZoneRecord> records;
  std::vector<ZoneError> errors;
  std::vector<ZoneError> notices;
  std::string name;  ///< of the file, as it was given
};

struct ZoneReadOptions {
  std::optional<Name> origin;  ///< relative names before the first $ORIGIN; default: the file's name
  std::optional<uint32_t> default_ttl_s;  ///< where neither record nor $TTL says one; default: an error
  size_t records_max = 5'000'000;
  size_t errors_max = 100;
  size_t octets_max = size_t{1} << 30;
  int include_depth_max = 8;
  size_t generate_max = 65'536;  ///< steps of one $GENERATE
};

/// Reads what $INCLUDE names; gets the path as resolved against the including file.
using IncludeReader = std::function<Result<std::string>(const std::string& path)>;

/// "example.org.zone", "db.example.org", "example.org": what the name says of the origin, or the root.
[[nodiscard]] Name origin_of_file_name(std::string_view path);

/// A file that can't be read gives one error, at line 0.
[[nodiscard]] ZoneFile read_zone_file(const std::string& path, const ZoneReadOptions& options = {});
/// Without `include`, $INCLUDE is an error.
[[nodiscard]] ZoneFile read_zone_text(std::string_view text, const std::string& file_name,
                                      const ZoneReadOptions& options = {}, const IncludeReader& include = {});

}  // namespace waybill::dns
