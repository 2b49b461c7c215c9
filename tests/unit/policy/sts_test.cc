#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/sts_policy.h"
#include "policy/sts_record.h"
#include "policy/tlsrpt_record.h"

namespace waybill {
namespace {
using policy::read_sts_policy;
using policy::read_sts_record;
using policy::StsPolicy;
using policy::StsRecord;
using policy::TlsrptRecord;
using testing::ElementsAre;
using testing::HasSubstr;

dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

TEST(StsRecord, one_record_with_an_id_is_valid_whatever_stands_beside_it) {
  const StsRecord record =
      read_sts_record({"google-site-verification=x", "v=STSv1; id=20261121T02;", "v=spf1 -all"});
  EXPECT_EQ(record.state, StsRecord::State::valid);
  EXPECT_EQ(record.id, "20261121T02");
  EXPECT_EQ(read_sts_record({"v=STSv1 ; \tid=1;ext=any/thing"}).id, "1");
  EXPECT_EQ(read_sts_record({"v=spf1 -all"}).state, StsRecord::State::none);
  EXPECT_EQ(read_sts_record({}).state, StsRecord::State::none);
}
TEST(StsRecord, rfc_105_two_records_are_no_policy) {
  const StsRecord record = read_sts_record({"v=STSv1; id=1", "v=STSv1; id=2"});
  EXPECT_EQ(record.state, StsRecord::State::several);
  EXPECT_EQ(record.why, "2 records begin with v=STSv1");
}
TEST(StsRecord, what_breaks_the_grammar_is_told_with_its_reason) {
  const auto why = [](const std::string& text) {
    const StsRecord record = read_sts_record({text});
    EXPECT_EQ(record.state, StsRecord::State::malformed) << text;
    return record.why;
  };
  EXPECT_EQ(why("v=STSv1"), "it has no id");
  EXPECT_EQ(why("v=STSv1;"), "it has no id");
  EXPECT_EQ(why("v=STSv1; id=2026-11-21"), "the id '2026-11-21' is not 1 to 32 letters and digits");
  EXPECT_THAT(why("v=STSv1; id=" + std::string(33, '1')), HasSubstr("is not 1 to 32"));
  EXPECT_EQ(why("v=STSv1; id="), "the field id is empty");
  EXPECT_EQ(why("v=STSv1; id"), "'id' is no field: it lacks '='");
  EXPECT_EQ(why("v=STSv1;; id=1"), "there are two semicolons with nothing between them");
  EXPECT_EQ(why("v=STSv1 id=1"), "behind v=STSv1 stands 'id=1', not a semicolon");
  EXPECT_EQ(why("v=STSv1; id=1; x=a b"), "the value of x holds what may not stand there: 'a b'");
  EXPECT_EQ(why("v=STSv1; ?=1"), "'?' is no name of a field");
  EXPECT_EQ(why("v=stsv1; id=1"), "it begins with 'v=stsv1;', and must begin with v=STSv1 to the letter");
  EXPECT_THAT(why(" v=STSv1; id=1"), HasSubstr("to the letter"));
}

constexpr std::string_view kPolicy =
    "version: STSv1\nmode: enforce\nmx: mx1.example.org\nmx: *.example.net\nmax_age: 604800\n";

TEST(StsPolicy, reads_all_fields) {
  const auto policy = read_sts_policy(kPolicy);
  ASSERT_TRUE(policy) << policy.error().what;
  EXPECT_EQ(policy->mode, StsPolicy::Mode::enforce);
  EXPECT_EQ(policy->max_age_s, 604800U);
  EXPECT_THAT(policy->mx, ElementsAre("mx1.example.org", "*.example.net"));
}
TEST(StsPolicy, rfc_107_a_wildcard_stands_for_one_label) {
  EXPECT_TRUE(policy::sts_mx_matches("*.e.net", name("a.e.net")));
  EXPECT_FALSE(policy::sts_mx_matches("*.e.net", name("e.net")));
  EXPECT_FALSE(policy::sts_mx_matches("*.e.net", name("a.b.e.net")));
  EXPECT_FALSE(policy::sts_mx_matches("*.e.net", name("e.net.org")));
  EXPECT_TRUE(policy::sts_mx_matches("a.e.net", name("A.E.net.")));
  EXPECT_FALSE(policy::sts_mx_matches("*.e.net", dns::Name{}));
  const auto policy = read_sts_policy(kPolicy);
  EXPECT_TRUE(policy->lists(name("mx1.example.org")));
  EXPECT_TRUE(policy->lists(name("b.example.net")));
  EXPECT_FALSE(policy->lists(name("mx2.example.org")));
}
TEST(StsPolicy, rfc_138_the_first_of_a_key_wins_and_lines_end_in_lf_or_crlf) {
  const auto policy = read_sts_policy(
      "version: STSv1\r\nmode: testing\nmode: enforce\r\nmax_age: 86400\r\nmax_age: 1\nversion: STSv9\n"
      "mx: a.example.org\nother: thing\n\r\n");
  ASSERT_TRUE(policy) << policy.error().what;
  EXPECT_EQ(policy->mode, StsPolicy::Mode::testing);
  EXPECT_EQ(policy->max_age_s, 86400U);
}
TEST(StsPolicy, rfc_138_a_max_age_over_the_limit_makes_it_invalid) {
  const auto with = [](std::string_view age) {
    return read_sts_policy(fmt::format("version: STSv1\nmode: none\nmax_age: {}", age));
  };
  EXPECT_EQ(with("31557600").value().max_age_s, 31557600U);
  EXPECT_EQ(with("0").value().max_age_s, 0U);
  EXPECT_EQ(with("31557601").error().what,
            "the policy's max_age of 31557601 seconds is over the limit of 31557600");
  for (const std::string_view bad : {"", "-1", "1d", "+1", "1.5", "99999999999", "0x10"}) {
    EXPECT_FALSE(with(bad)) << bad;
  }
}
TEST(StsPolicy, what_is_missing_or_broken_is_named) {
  const auto why = [](std::string_view text) { return read_sts_policy(text).error().what; };
  EXPECT_EQ(why(""), "the policy lacks its line 'version: STSv1'");
  EXPECT_EQ(why("<html>"), "line 1 of the policy is no 'key: value': '<html>'");
  EXPECT_EQ(why("version: STSv2"), "the policy's version is 'STSv2', not STSv1");
  EXPECT_EQ(why("version: STSv1"), "the policy lacks its mode");
  EXPECT_EQ(why("version: STSv1\nmode: on\nmax_age: 1"),
            "the policy's mode 'on' is neither enforce, testing nor none");
  EXPECT_EQ(why("version: STSv1\nmode: enforce"), "the policy lacks its max_age");
  EXPECT_EQ(why("version: STSv1\nmode: enforce\nmax_age: 1"),
            "the policy lists no mx, which mode enforce needs");
  EXPECT_TRUE(read_sts_policy("version: STSv1\nmode: none\nmax_age: 1"));
  for (const std::string_view mx : {"*", "*.", "mx.*.org", "a b", "mx1.example.org, mx2.example.org",
                                    "[192.0.2.1]", "mx.example.org.", ""}) {
    EXPECT_THAT(why(fmt::format("version: STSv1\nmode: enforce\nmax_age: 1\nmx: {}", mx)),
                HasSubstr("is neither a host name nor"))
        << mx;
  }
  EXPECT_EQ(why(std::string(65537, 'x')), "the policy is over 65536 octets long");
}

TEST(TlsrptRecord, addresses_and_their_faults) {
  const TlsrptRecord record =
      policy::read_tlsrpt_record({"v=TLSRPTv1; rua=mailto:tls@example.org , https://r.example.org/v1?a=b;"});
  EXPECT_EQ(record.state, TlsrptRecord::State::valid) << record.why;
  EXPECT_THAT(record.uris, ElementsAre("mailto:tls@example.org", "https://r.example.org/v1?a=b"));
  EXPECT_EQ(policy::read_tlsrpt_record({"v=spf1 -all"}).state, TlsrptRecord::State::none);
  EXPECT_EQ(
      policy::read_tlsrpt_record({"v=TLSRPTv1; rua=mailto:a@b.org", "v=TLSRPTv1;rua=mailto:c@b.org"}).state,
      TlsrptRecord::State::several);
  const auto why = [](const std::string& text) {
    const TlsrptRecord broken = policy::read_tlsrpt_record({text});
    EXPECT_EQ(broken.state, TlsrptRecord::State::malformed) << text;
    return broken.why;
  };
  EXPECT_EQ(why("v=TLSRPTv1"), "it has no rua");
  EXPECT_EQ(why("v=TLSRPTv1; rua=tls@example.org"), "'tls@example.org' in rua is neither mailto: nor https:");
  EXPECT_EQ(why("v=TLSRPTv1; rua=mailto:example.org"), "'mailto:example.org' in rua is no mail address");
  EXPECT_EQ(why("v=TLSRPTv1; rua=mailto:a@example.org!10m"),
            "'mailto:a@example.org!10m' in rua holds what must be percent-encoded");
  EXPECT_EQ(why("v=TLSRPTv1; rua=mailto:a@example.org,"), "rua lists an empty address");
  EXPECT_THAT(why("v=tlsrptv1; rua=mailto:a@example.org"), HasSubstr("to the letter"));
}
}  // namespace
}  // namespace waybill
