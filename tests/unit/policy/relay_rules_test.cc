#include "policy/relay_rules.h"

#include <gtest/gtest.h>

namespace waybill::policy {
namespace {
mail::Address address(std::string_view text) { return *mail::Address::parse(text); }
IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

RelayRules rules() {
  RelayTable table;
  table.domains["example.org"] = {DomainRole::primary, std::set<std::string>{"John", "mary"}};
  table.domains["any.example"] = {DomainRole::primary, std::nullopt};
  table.domains["backup.example"] = {DomainRole::backup, std::nullopt};
  table.domains["relay.example"] = {DomainRole::relay, std::nullopt};
  table.trusted_networks = {*IpNetwork::parse("10.0.0.0/8"), *IpNetwork::parse("::1/128")};
  table.postmaster_domain = *mail::Domain::parse("example.org");
  return *RelayRules::make(std::move(table));
}

const Client kStranger{ip("192.0.2.7"), Service::mx, Authenticated::no};
const Client kTrusted{ip("10.1.2.3"), Service::mx, Authenticated::no};

int code(const Client& client, std::string_view to) {
  const auto decision = rules().decide_rcpt(client, address(to));
  return decision.accepted() ? 250 : decision.refusal->code;
}

TEST(RelayRules, known_users_of_a_primary_domain) {
  EXPECT_EQ(code(kStranger, "john@example.org"), 250);
  EXPECT_EQ(code(kStranger, "JOHN@EXAMPLE.org"), 250);
  EXPECT_EQ(code(kStranger, "mary+lists@example.org"), 250);
  EXPECT_EQ(code(kStranger, "postMaster@example.org"), 250);
  const auto unknown = rules().decide_rcpt(kStranger, address("nobody@example.org"));
  EXPECT_EQ(unknown.refusal->to_string(), "550 5.1.1 no such user here");
  EXPECT_EQ(code(kTrusted, "nobody@example.org"), 550);
  EXPECT_EQ(code(kStranger, "+john@example.org"), 550);
  EXPECT_EQ(code(kStranger, "who.ever@any.example"), 250);
  EXPECT_EQ(code(kStranger, "who.ever@backup.example"), 250);
}

TEST(Rfc, rfc_038_foreign_recipients_need_trust) {
  const auto refused = rules().decide_rcpt(kStranger, address("a@elsewhere.example"));
  EXPECT_EQ(refused.refusal->to_string(), "550 5.7.1 relaying denied");
  EXPECT_EQ(code(kTrusted, "a@elsewhere.example"), 250);
  EXPECT_EQ(code({ip("192.0.2.7"), Service::submission, Authenticated::yes}, "a@elsewhere.example"), 250);
}

TEST(RelayRules, by_lmtp_comes_only_what_ends_here_whoever_brings_it) {
  for (const char* from : {"10.0.0.1", "192.0.2.7"}) {
    const Client client{ip(from), Service::lmtp, Authenticated::yes};
    for (const char* to : {"a@elsewhere.example", "a@backup.example", "a@relay.example"})
      EXPECT_EQ(rules().decide_rcpt(client, address(to)).refusal->to_string(),
                "550 5.7.1 relaying denied: what comes by LMTP must end here")
          << to;
    EXPECT_EQ(code(client, "john@example.org"), 250);
    EXPECT_EQ(code(client, "nobody@example.org"), 550);
    EXPECT_EQ(code(client, "postmaster@example.org"), 250);
  }
}

TEST(RelayRules, the_open_relay_matrix) {
  for (const char* to :
       {"a%elsewhere.example@backup.example", "elsewhere.example!a@backup.example",
        "\"a@elsewhere.example\"@backup.example", "\"a%elsewhere.example\"@backup.example",
        "a%elsewhere.example@example.org", "elsewhere.example!a@any.example",
        "\"a@elsewhere.example\"@example.org", "a@[192.0.2.1]", "a@[10.0.0.1]", "a@[IPv6:2001:db8::1]",
        "a@[IPv6:::ffff:10.0.0.1]", "a@sub.example.org", "a@org", "a@example.org.elsewhere.example",
        "a@xexample.org", "postmaster@elsewhere.example"}) {
    EXPECT_EQ(code(kStranger, to), 550) << to;
  }
}

TEST(RelayRules, a_mapped_address_is_the_ipv4_address) {
  EXPECT_TRUE(rules().is_trusted({ip("::ffff:10.0.0.1"), Service::mx, Authenticated::no}));
  EXPECT_FALSE(rules().is_trusted({ip("::ffff:192.0.2.7"), Service::mx, Authenticated::no}));
  EXPECT_FALSE(rules().is_trusted({ip("::10.0.0.1"), Service::mx, Authenticated::no}));
  EXPECT_TRUE(rules().is_trusted({ip("::1"), Service::mx, Authenticated::no}));
}

TEST(Rfc, rfc_087_submission_without_a_user_is_530) {
  const Client stranger{ip("192.0.2.7"), Service::submission, Authenticated::no};
  EXPECT_EQ(rules().decide_mail(stranger).refusal->to_string(), "530 5.7.0 authentication required");
  EXPECT_EQ(code(stranger, "john@example.org"), 530);
  EXPECT_TRUE(rules().decide_mail({ip("10.0.0.1"), Service::submission, Authenticated::no}).accepted());
  EXPECT_TRUE(rules().decide_mail(kStranger).accepted());
}

TEST(Rfc, rfc_059_the_bare_postmaster_is_ours) {
  const auto decision = rules().decide_rcpt(kStranger, mail::Address{"PostMaster", {}});
  ASSERT_TRUE(decision.accepted());
  EXPECT_EQ(decision.rewritten->to_string(), "PostMaster@example.org");
  EXPECT_FALSE(rules().decide_rcpt(kStranger, mail::Address{"john", {}}).accepted());
}

TEST(RelayRules, an_open_relay_cannot_be_configured_by_accident) {
  for (const char* network : {"0.0.0.0/0", "::/0", "128.0.0.0/1", "2000::/3"}) {
    RelayTable table;
    table.trusted_networks = {*IpNetwork::parse(network)};
    EXPECT_FALSE(RelayRules::make(table)) << network;
  }
}
}  // namespace
}  // namespace waybill::policy
