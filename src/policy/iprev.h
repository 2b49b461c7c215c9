// iprev.h: the client's name in the reverse DNS as a test and as a header field (RFC 8601 2.7.3). Pure;
// dns/reverse.h reads the answers.
#pragma once

#include <string>
#include <string_view>

#include "base/ip.h"
#include "dns/reverse.h"
#include "policy/client_test.h"

namespace waybill::policy {

/// A name that agrees passes; one that does not, and none at all, fail. What the DNS could not say is
/// unknown.
[[nodiscard]] Finding judge_iprev(const dns::Ptr& ptr);
/// "pass", "fail", "permerror" (no name) or "temperror" (RFC 8601 2.7.3).
[[nodiscard]] std::string_view iprev_result(dns::PtrStatus status);
/// "Authentication-Results: …" with its CRLF (RFC 8601 2.2). `authserv_id` is our host name.
[[nodiscard]] std::string iprev_field(std::string_view authserv_id, const IpAddress& client,
                                      const dns::Ptr& ptr);
/// A name from the DNS with nothing in it that means something in a header or a reply: other octets become
/// '?'.
[[nodiscard]] std::string plain_name(std::string_view name);

}  // namespace waybill::policy
