// Any octets as an MTA-STS policy, and as the TXT records of MTA-STS and TLSRPT: what is taken keeps to the
// bounds of RFC 8461 and 8460, does not depend on how lines end, and lists what it says it lists.
#include <cstdlib>

#include "base/bytes.h"
#include "mail/address.h"
#include "policy/sts_policy.h"
#include "policy/sts_record.h"
#include "policy/tlsrpt_record.h"

namespace {
using namespace waybill;
using policy::StsPolicy;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const StsPolicy& policy) {
  require(policy.max_age_s <= policy::kStsMaxAgeMax_s);
  require(policy.mode == StsPolicy::Mode::none || !policy.mx.empty());
  for (const std::string& pattern : policy.mx) {
    const bool wild = pattern.starts_with("*.");
    const std::string domain = wild ? pattern.substr(2) : pattern;
    const auto parsed = mail::Domain::parse(domain);
    require(parsed && !parsed->is_literal() && parsed->text() == domain);
    const auto name = dns::Name::parse(domain);
    require(name.has_value());
    // RFC 8461 4.1: a wildcard is one label, never none and never two.
    require(policy::sts_mx_matches(pattern, *name) == !wild);
    const auto below = name->child("a");
    if (!below) continue;
    require(policy::sts_mx_matches(pattern, *below) == wild);
    require(!wild || policy.lists(*below));
    if (const auto deeper = below->child("b")) require(!policy::sts_mx_matches(pattern, *deeper));
  }
}

void as_policy(const std::string& text) {
  const auto policy = policy::read_sts_policy(text);
  if (!policy) return require(!policy.error().what.empty() && is_ascii(policy.error().what));
  check(*policy);
  if (text.find('\r') != std::string::npos) return;
  std::string crlf;
  for (const char c : text) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  if (crlf.size() > policy::kStsPolicyOctetsMax) return;
  const auto again = policy::read_sts_policy(crlf);
  require(again && again->mode == policy->mode && again->max_age_s == policy->max_age_s &&
          again->mx == policy->mx);
}

void as_records(const std::string& text) {
  const auto sts = policy::read_sts_record({text});
  using State = policy::StsRecord::State;
  require((sts.state == State::valid) == !sts.id.empty() && sts.id.size() <= 32);
  require((sts.state == State::malformed) == !sts.why.empty() && is_ascii(sts.why));
  if (sts.state == State::valid) {
    require(policy::read_sts_record({text, "v=spf1 -all"}).id == sts.id);
    require(policy::read_sts_record({text, text}).state == State::several);
  }
  const auto tlsrpt = policy::read_tlsrpt_record({text});
  require((tlsrpt.state == policy::TlsrptRecord::State::valid) == !tlsrpt.uris.empty());
  for (const std::string& uri : tlsrpt.uris) require(is_ascii(uri) && uri.find(',') == std::string::npos);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  as_policy(text);
  as_records(text);
  as_records("v=STSv1; " + text);
  as_records("v=TLSRPTv1; " + text);
  return 0;
}
