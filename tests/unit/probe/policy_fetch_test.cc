#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "probe/prober.h"
#include "support/https_peer.h"
#include "support/issued_certificate.h"

namespace waybill {
namespace {
using check::PolicySaid;
using test::HttpsPeer;
using test::IssuedCertificate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

/// A policy host at 127.0.0.1 and, where a test says so, elsewhere first.
struct World {
  dns::FixedResolver dns;
  explicit World(std::vector<IpAddress> ips = {IpAddress::v4(0x7F000001)}) {
    dns::Answer answer{.kind = dns::Kind::present};
    for (const IpAddress& ip : ips)
      answer.records.push_back({name("mta-sts.example.org"), dns::Type::a, 60, ip});
    dns.put({name("mta-sts.example.org"), dns::Type::a}, std::move(answer));
  }
  PolicySaid fetch(uint16_t port, const std::string& roots_file) {
    const auto prober =
        probe::Prober::open(dns, {.roots_file = roots_file, .patience = Seconds(30), .https_port = port})
            .value();
    auto promise = std::make_shared<std::promise<check::Answer>>();
    auto future = promise->get_future();
    prober->ask([](std::function<void()> job) { job(); })(
        check::AskPolicy{name("example.org")},
        [promise](check::Answer answer) { promise->set_value(std::move(answer)); });
    return std::get<PolicySaid>(future.get());
  }
};

std::string ok(const std::string& body, const std::string& type = "text/plain; charset=utf-8") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", type, body.size(),
                     body);
}
/// What `answer` comes to, from a host with a good certificate.
PolicySaid fetched(const std::string& answer) {
  const IssuedCertificate certificate({"mta-sts.example.org"});
  const HttpsPeer peer(certificate.chain_file(), certificate.key_file(), answer);
  return World().fetch(peer.port(), certificate.roots_file());
}

TEST(PolicyFetch, a_policy_comes_with_its_type) {
  const IssuedCertificate certificate({"mta-sts.example.org"});
  const HttpsPeer peer(certificate.chain_file(), certificate.key_file(), ok("version: STSv1\r\n"));
  const PolicySaid said = World().fetch(peer.port(), certificate.roots_file());
  EXPECT_EQ(said.why, "");
  EXPECT_FALSE(said.unknown);
  EXPECT_EQ(said.http_status, 200);
  EXPECT_EQ(said.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(said.body, "version: STSv1\r\n");
  EXPECT_THAT(peer.requests(), ElementsAre(StartsWith("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: "
                                                      "mta-sts.example.org\r\n")));
}
TEST(PolicyFetch, rfc_106_a_bad_certificate_is_no_policy) {
  const IssuedCertificate other({"example.org", "*.mta-sts.example.org"});
  const HttpsPeer named_else(other.chain_file(), other.key_file(), ok("x"));
  EXPECT_EQ(World().fetch(named_else.port(), other.roots_file()).why,
            "the certificate does not name mta-sts.example.org");
  const IssuedCertificate old({"mta-sts.example.org"}, test::Validity::expired);
  const HttpsPeer expired(old.chain_file(), old.key_file(), ok("x"));
  EXPECT_EQ(World().fetch(expired.port(), old.roots_file()).why,
            "the certificate is not valid: certificate has expired");
  const PolicySaid foreign = World().fetch(expired.port(), "");
  EXPECT_THAT(foreign.why, StartsWith("the certificate is not valid: "));
  EXPECT_FALSE(foreign.unknown);
  EXPECT_TRUE(expired.requests().empty()) << "nothing is asked of a host that nobody vouches for";
}
TEST(PolicyFetch, rfc_106_neither_a_redirect_nor_another_status_is_a_policy) {
  const PolicySaid moved =
      fetched("HTTP/1.1 301 Moved\r\nLocation: https://example.org/x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(moved.http_status, 301);
  EXPECT_EQ(moved.why, "HTTP status 301, a redirect to https://example.org/x");
  const PolicySaid none = fetched("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n");
  EXPECT_EQ(none.http_status, 404);
  EXPECT_EQ(none.why, "HTTP status 404");
}
TEST(PolicyFetch, answers_in_other_shapes) {
  EXPECT_EQ(fetched("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").body,
            "abc");
  EXPECT_EQ(fetched("HTTP/1.0 200 OK\r\n\r\nuntil the end").body, "until the end");
  EXPECT_EQ(fetched(ok(std::string(65536, 'x'))).body.size(), 65536U);
  EXPECT_EQ(fetched(ok(std::string(65537, 'x'))).why, "the answer is over 65536 octets long");
  EXPECT_EQ(fetched("HTTP/1.1 200 OK\r\n\r\n" + std::string(65537, 'x')).why,
            "the answer is over 65536 octets long");
  EXPECT_THAT(fetched("220 mail.example.org ESMTP\r\n\r\n").why, HasSubstr("is not HTTP"));
  EXPECT_NE(fetched("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").why, "") << "cut short";
  EXPECT_NE(fetched("HTTP/1.1 200 OK\r\n").why, "");
  EXPECT_NE(fetched("HTTP/1.1 200 OK\r\nX: " + std::string(40000, 'x') + "\r\n\r\n").why, "");
}
TEST(PolicyFetch, a_name_that_fails_is_unknown_and_one_without_address_is_not) {
  World world(std::vector<IpAddress>{});
  PolicySaid said = world.fetch(1, "");
  EXPECT_EQ(said.why, "mta-sts.example.org has no address");
  EXPECT_FALSE(said.unknown);
  world.dns.put({name("mta-sts.example.org"), dns::Type::a},
                dns::Answer::failure("SERVFAIL from 192.0.2.53"));
  said = world.fetch(1, "");
  EXPECT_TRUE(said.unknown);
  EXPECT_EQ(said.why, "A of mta-sts.example.org: failed: SERVFAIL from 192.0.2.53");
}
TEST(PolicyFetch, the_next_address_is_tried_where_one_does_not_answer) {
  const IssuedCertificate certificate({"mta-sts.example.org"});
  const HttpsPeer peer(certificate.chain_file(), certificate.key_file(), ok("x"));
  World world({IpAddress::v4(0x7F000002), IpAddress::v4(0x7F000001)});
  EXPECT_EQ(world.fetch(peer.port(), certificate.roots_file()).why, "");
  World nobody({IpAddress::v4(0x7F000002)});
  const PolicySaid said = nobody.fetch(peer.port(), certificate.roots_file());
  EXPECT_THAT(said.why, HasSubstr("Connection refused"));
  EXPECT_FALSE(said.unknown);
}
}  // namespace
}  // namespace waybill
