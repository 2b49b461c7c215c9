// sts_policy.h: reads an MTA-STS policy (RFC 8461 3.2) and matches hosts against it (4.1). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"

namespace waybill::policy {

/// The most octets that are read of one; what is longer is no policy (RFC 8461 10.2 leaves the number to us).
inline constexpr size_t kStsPolicyOctetsMax = 64 * 1024;
/// RFC 8461 3.2: about a year.
inline constexpr uint32_t kStsMaxAgeMax_s = 31'557'600;

struct StsPolicy {
  enum class Mode : uint8_t { none, testing, enforce };
  Mode mode = Mode::none;
  uint32_t max_age_s = 0;
  std::vector<std::string> mx;  ///< as A-labels in lower case; "mx.example.org" or "*.example.org"

  [[nodiscard]] bool lists(const dns::Name& host) const;
};
[[nodiscard]] std::string_view to_string(StsPolicy::Mode mode);

/// Lines end in LF or CRLF. Of a field that may stand once the first counts; unknown ones are passed over.
/// Errors: too long, a line that is no `key: value`, a missing or bad version, mode, max_age or mx.
[[nodiscard]] Result<StsPolicy> read_sts_policy(std::string_view text);

/// `*.example.net` stands for exactly one label: it matches a.example.net, neither example.net nor
/// a.b.example.net (RFC 8461 4.1, as RFC 6125 6.4.3 has it).
[[nodiscard]] bool sts_mx_matches(std::string_view pattern, const dns::Name& host);

}  // namespace waybill::policy
