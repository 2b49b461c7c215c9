// transport.h: the checks of this family; each stands in the file of its name. What they say is about the way
// from the sender's server to ours: MTA-STS, TLSRPT, DANE, STARTTLS.
#pragma once

#include "check/check.h"

namespace waybill::check::transport {

extern const Check sts_none;
extern const Check sts_record;
extern const Check sts_policy_unreachable;
extern const Check sts_content_type;
extern const Check sts_short_max_age;
extern const Check sts_mx_not_listed;
extern const Check sts_lists_no_mx;
extern const Check tlsrpt_none;
extern const Check tlsrpt_syntax;
extern const Check dane_unsigned_zone;
extern const Check dane_no_match;
extern const Check dane_unusable;
extern const Check tls_no_starttls;
extern const Check tls_certificate;
extern const Check dane_contradicts_sts;

}  // namespace waybill::check::transport
