// spf_macro.h: macro strings of SPF (RFC 7208 7): their grammar, and their expansion into a name to look up.
// Pure. Every octet of the text and of the values is hostile: the expansion never holds more than a few
// kilobytes, whatever the text asks for, and comes out as a DNS name or not at all.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "dns/name.h"

namespace waybill::policy {

/// A run of octets in a record's text, counted from 0.
struct Span {
  size_t at = 0;
  size_t size = 0;
  bool operator==(const Span&) const = default;
};

/// Literal octets, or one `%{…}`.
struct SpfMacro {
  char letter = 0;  ///< lower case; 0: `literal` alone counts
  std::string literal;
  bool url_escape = false;  ///< the letter was a capital
  size_t keep = 0;          ///< of the right-hand parts; 0: all
  bool reverse = false;
  std::string delimiters = ".";
};

struct SpfMacroString {
  std::vector<SpfMacro> parts;
  /// True if the value of one of `letters` goes into it.
  [[nodiscard]] bool uses(std::string_view letters) const;
  [[nodiscard]] bool has_macros() const;
};

struct SpfMacroFault {
  size_t at = 0;  ///< in the text given
  std::string what;
};

/// A macro-string as in a modifier that we don't know (7.1). `c`, `r` and `t` are faults: they belong into
/// the text that `exp=` points to (7.2).
[[nodiscard]] std::expected<SpfMacroString, SpfMacroFault> parse_macro_string(std::string_view text);
/// A domain-spec: ends in a top label or in a macro (7.1). One without macros is moreover a DNS name.
[[nodiscard]] std::expected<SpfMacroString, SpfMacroFault> parse_domain_spec(std::string_view text);

/// What the letters stand for (7.2).
struct SpfMacroValues {
  std::string local;          ///< l; s is l@o
  std::string sender_domain;  ///< o
  std::string domain;         ///< d: whose record is being read
  IpAddress ip;               ///< i, v
  std::string validated;      ///< p; "unknown" where nobody proved one
  std::string helo;           ///< h
};
/// Its right-hand end only, where it is longer than any name could be.
[[nodiscard]] std::string expand_macros(const SpfMacroString& text, const SpfMacroValues& values);
/// The name to look up, cut from the left to 253 octets at a dot (7.3). None if it is no DNS name: an empty
/// label, one over 63 octets, nothing at all.
[[nodiscard]] std::optional<dns::Name> name_of_expansion(std::string_view expanded);

}  // namespace waybill::policy
