// spf_record.h: the grammar of SPF records (RFC 7208 4.5, 4.6, 5, 6, 12): every term with its place in the
// text, every fault too, so that `check` can name them all and a verifier needs only know that there is one.
// Pure; no DNS.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/answer.h"
#include "policy/spf_macro.h"

namespace waybill::policy {

enum class SpfQualifier : uint8_t { pass, neutral, softfail, fail };

enum class SpfKind : uint8_t { all, include, a, mx, ptr, ip4, ip6, exists, redirect, exp, other_modifier };

struct SpfTerm {
  SpfKind kind = SpfKind::all;
  SpfQualifier qualifier = SpfQualifier::pass;
  Span place;
  std::string text;                      ///< as it stands, "-all"
  std::string name;                      ///< of a modifier, lower case
  std::optional<SpfMacroString> target;  ///< what stands after ":" or "="
  IpAddress ip;                          ///< of ip4 and ip6
  int bits_v4 = 32;                      ///< prefix lengths
  int bits_v6 = 128;

  [[nodiscard]] bool is_modifier() const { return kind >= SpfKind::redirect; }
  /// It makes a verifier ask the DNS, and counts among the ten (4.6.4).
  [[nodiscard]] bool is_lookup() const;
};

enum class SpfFaultKind : uint8_t { grammar, ipv6_in_ip4, repeated_modifier };
struct SpfFault {
  SpfFaultKind kind = SpfFaultKind::grammar;
  Span place;
  std::string term;  ///< as it stands
  std::string what;  ///< one clause without a final dot
};

struct SpfRecord {
  std::vector<SpfTerm> terms;    ///< those without a fault, in order
  std::vector<SpfFault> faults;  ///< any at all makes the whole record a permerror (4.6); the first 20,
                                 ///< behind which nothing is read
  [[nodiscard]] const SpfTerm* find(SpfKind kind) const;
};

/// `text` begins with "v=spf1", as those that spf_texts() gives do.
[[nodiscard]] SpfRecord parse_spf(std::string_view text);

/// RFC 7208 4.5: the texts that are SPF records, strings joined without a blank (3.3).
struct SpfTexts {
  std::vector<const dns::Record*> records;
  std::vector<std::string> texts;
  std::vector<std::string> nearly;  ///< begin like one, but no verifier takes them for one
};
[[nodiscard]] SpfTexts spf_texts(const dns::Answer& answer);

}  // namespace waybill::policy
