// returned.h: the third part of a report: the original message, or its header (RFC 6522 3, RFC 6533 6).
// Internal to bounce/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bounce/report.h"

namespace waybill::bounce {

inline constexpr size_t kReturnedHeaderOctetsMax = 64 * 1024;

struct Returned {
  std::string content_type;   ///< empty: nothing is returned
  std::string encoding;       ///< "7bit", "8bit" or "quoted-printable"
  std::vector<Chunk> chunks;  ///< shared with the original where it is returned whole
  std::string message_id;     ///< the original's Message-ID with its brackets, if it is one; else empty
  std::string note;           ///< why less than the whole comes back; empty: nothing to say
  bool eight_bit = false;
  bool global = false;  ///< needs SMTPUTF8 (RFC 6533)
};

/// `failed`: the report has a failed recipient. Others only get the header (RFC 3461 5.2, 6.2).
[[nodiscard]] Returned returned_part(const Original& original, const Settings& settings, bool failed);

/// True if `token` occurs anywhere in the chunks, also across their borders.
[[nodiscard]] bool contains(const std::vector<Chunk>& chunks, std::string_view token);

}  // namespace waybill::bounce
