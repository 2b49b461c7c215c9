// body_facts.h: what a body needs of the server that takes it, found in one pass over its octets. Pure
// apart from reading the chunks, which may block on a disk.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "mail/body.h"

namespace waybill::deliver {

struct BodyFacts {
  uint64_t size_octets = 0;
  /// False: nothing below is known; such a body goes by DATA, which needs no announcement.
  bool scanned = false;
  bool eight_bit = false;         ///< an octet above 127 anywhere
  bool eight_bit_header = false;  ///< one in the header: SMTPUTF8 is needed if it was declared
  bool bare = false;              ///< a CR or LF that is not part of CRLF
  bool binary = false;            ///< NUL, bare CR or LF, or a line over 998 octets: not text (RFC 3030 3)
  uint64_t literal_octets = 0;    ///< size after bare CR and LF are made harmless; what BDAT announces
};

/// Reads every chunk once.
[[nodiscard]] Result<BodyFacts> scan_body(const mail::Body& body);
/// Without reading: only the size.
[[nodiscard]] BodyFacts unscanned_body(const mail::Body& body);

}  // namespace waybill::deliver
