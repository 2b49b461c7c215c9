// path.h: reverse-path and forward-path as they stand in MAIL and RCPT (RFC 5321 4.1.2, Appendix C;
// RFC 6531 3.3). The angle brackets are required; a source route is read and dropped.
#pragma once

#include <string_view>

#include "mail/address.h"
#include "smtp/parsed.h"

namespace waybill::smtp {

enum class PathKind { reverse, forward };

/// What stood between the angle brackets, and what followed them.
struct Path {
  mail::ReversePath address;    ///< none: the null path `<>` (reverse only). `<postmaster>` has no domain.
  bool needs_smtputf8 = false;  ///< octets above 127 occurred, in the local part or in the domain
  std::string_view rest;        ///< what follows the path: empty, or a space and the parameters
};

/// Reads the path at the start of `text`. Errors: 501 5.1.7 (reverse) or 501 5.1.3 (forward); an address that
/// only breaks a length limit gets the same code and is told so.
[[nodiscard]] Parsed<Path> parse_path(std::string_view text, PathKind kind);

}  // namespace waybill::smtp
