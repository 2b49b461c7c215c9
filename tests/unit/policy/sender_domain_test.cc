#include "policy/sender_domain.h"

#include <gtest/gtest.h>

namespace waybill::policy {
namespace {
const mail::Domain kDomain = *mail::Domain::parse("silent.example");

dns::Answer mx(std::vector<std::pair<uint16_t, std::string>> hosts) {
  dns::Answer out;
  out.kind = dns::Kind::present;
  for (auto& [preference, host] : hosts) {
    out.records.push_back({*dns::Name::parse("silent.example"), dns::Type::mx, 60,
                           dns::Mx{preference, *dns::Name::parse(host)}});
  }
  return out;
}
}  // namespace

TEST(Rfc, rfc_011_mail_from_a_null_mx_domain_is_refused) {
  const auto refusal = refuse_null_mx_sender(kDomain, mx({{0, "."}}));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, 550);
  EXPECT_EQ(refusal->enhanced.to_string(), "5.7.27");
}

TEST(Rfc, rfc_011_a_null_mx_beside_a_host_is_no_null_mx) {
  EXPECT_FALSE(refuse_null_mx_sender(kDomain, mx({{0, "."}, {10, "mx1.silent.example"}})).has_value());
}

TEST(Rfc, rfc_011_what_is_absent_failed_or_forged_refuses_nobody) {
  for (const dns::Kind kind : {dns::Kind::nxdomain, dns::Kind::nodata, dns::Kind::failed, dns::Kind::bogus}) {
    dns::Answer answer = mx({{0, "."}});
    answer.kind = kind;
    EXPECT_FALSE(refuse_null_mx_sender(kDomain, answer).has_value());
  }
}

}  // namespace waybill::policy
