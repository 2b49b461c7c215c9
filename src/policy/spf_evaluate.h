// spf_evaluate.h: may this address send mail in the name of this domain? RFC 7208's check_host() as a pure
// decision over the DNS's answers, with its limits (4.6.4). While an answer is open it goes on through the
// rest of the record and gathers what may be asked too, so that a record is asked side by side. Explanations
// (exp=) are never fetched.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dns/answer.h"
#include "mail/address.h"
#include "policy/spf_record.h"

namespace waybill::policy {

inline constexpr int kSpfLookupsMax = 10;  ///< 4.6.4
inline constexpr int kSpfVoidLookupsMax = 2;
inline constexpr size_t kSpfMxHostsMax = 10;
inline constexpr size_t kSpfPtrNamesMax = 10;

enum class SpfResult : uint8_t { none, neutral, pass, fail, softfail, temperror, permerror };
[[nodiscard]] std::string_view to_string(SpfResult result);

struct SpfRequest {
  IpAddress ip;                     ///< of the client
  std::optional<dns::Name> domain;  ///< whose record is asked; none: a domain that can have none (4.3)
  std::string local = "postmaster";
  std::string sender_domain;  ///< as text, for macros
  std::string helo;           ///< as text, for macros
};
/// The identity "MAIL FROM" (2.4): for `<>` it is postmaster@HELO.
[[nodiscard]] SpfRequest spf_mail_from(const IpAddress& ip, const mail::ReversePath& from,
                                       std::string_view helo);

struct SpfVerdict {
  SpfResult result = SpfResult::none;
  std::string why;       ///< one sentence for people, without a final dot
  dns::Name domain;      ///< whose record decided
  std::string term;      ///< the one that did, "-all"; empty: none
  int lookups = 0;       ///< of the ten
  int void_lookups = 0;  ///< of the two
};

[[nodiscard]] Step<SpfVerdict, dns::Question> evaluate_spf(const SpfRequest& request,
                                                           const dns::Facts& facts);

}  // namespace waybill::policy
