#include "resolve/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/zone_file.h"
#include "support/dns_lab.h"

namespace waybill::resolve {
namespace {

using dns::Message;
using dns::Rcode;
using dns::Type;
using test::name;

constexpr const char* kZone = R"(
$ORIGIN example.test.
$TTL 300
@     SOA ns admin 1 3600 600 86400 120
      NS ns
      MX 10 mx1
ns    A 192.0.2.53
mx1   A 192.0.2.1
alias CNAME mx1
out   CNAME elsewhere.invalid.
loop  CNAME loop
child NS ns.child
ns.child A 192.0.2.54
)";

Message query(std::string_view what, Type type) {
  Message message;
  message.id = 77;
  message.recursion_desired = true;
  message.questions.push_back({name(what), type});
  return message;
}

Message respond(const Message& asked, const std::vector<std::string>& faults = {},
                Transport transport = Transport::udp) {
  auto authority = test::DnsLab::authority(kZone, faults);
  return dns::parse_message(authority.answer(dns::encode_message(asked), transport).octets).value();
}

TEST(Authority, answers_with_authority_and_addresses) {
  const Message message = respond(query("example.test", Type::mx));
  EXPECT_EQ(message.id, 77);
  EXPECT_TRUE(message.response);
  EXPECT_TRUE(message.authoritative);
  EXPECT_TRUE(message.recursion_desired);
  EXPECT_FALSE(message.recursion_available);
  ASSERT_EQ(message.answers.size(), 1U);
  ASSERT_EQ(message.additional.size(), 1U);
  EXPECT_EQ(message.additional[0].owner, name("mx1.example.test"));
  EXPECT_FALSE(message.edns.has_value()) << "only for those who asked with it";
}

TEST(Authority, absence_carries_the_soa) {
  for (const auto& [what, rcode] :
       {std::pair{"no.example.test", Rcode::nxdomain}, {"mx1.example.test", Rcode::noerror}}) {
    const Message message = respond(query(what, Type::txt));
    EXPECT_EQ(message.rcode, rcode);
    ASSERT_EQ(message.authority.size(), 1U);
    EXPECT_EQ(message.authority[0].ttl_s, 120U);
  }
}

TEST(Authority, chains_end_where_the_zones_do) {
  EXPECT_EQ(respond(query("alias.example.test", Type::a)).answers.size(), 2U);
  const Message out = respond(query("out.example.test", Type::a));
  EXPECT_EQ(out.rcode, Rcode::noerror);
  EXPECT_EQ(out.answers.size(), 1U);
  EXPECT_EQ(respond(query("loop.example.test", Type::a)).answers.size(), 1U);
}

TEST(Authority, refers_to_a_child_zone) {
  const Message message = respond(query("www.child.example.test", Type::a));
  EXPECT_FALSE(message.authoritative);
  ASSERT_EQ(message.authority.size(), 1U);
  EXPECT_EQ(message.authority[0].type, Type::ns);
}

TEST(Authority, refuses_what_is_not_its_own) {
  EXPECT_EQ(respond(query("example.net", Type::a)).rcode, Rcode::refused);
  EXPECT_EQ(respond(query("example.test", Type{252})).rcode, Rcode::refused);
  Message chaos = query("example.test", Type::a);
  chaos.questions[0].class_ = 3;
  EXPECT_EQ(respond(chaos).rcode, Rcode::refused);
  Message status = query("example.test", Type::a);
  status.opcode = 2;
  EXPECT_EQ(respond(status).rcode, Rcode::notimp);
  Message edns1 = query("example.test", Type::a);
  edns1.edns = dns::Edns{.version = 1};
  EXPECT_EQ(respond(edns1).rcode, Rcode::badvers);
}

TEST(Authority, garbage_gets_formerr_or_silence) {
  auto authority = test::DnsLab::authority(kZone, {});
  const std::string good = dns::encode_message(query("example.test", Type::mx));
  for (size_t cut = 0; cut < good.size(); ++cut) {
    const std::string octets = authority.answer(good.substr(0, cut), Transport::udp).octets;
    if (cut < 12) {
      EXPECT_TRUE(octets.empty());
    } else {
      EXPECT_EQ(dns::parse_message(octets).value().rcode, Rcode::formerr);
    }
  }
  Message response = query("example.test", Type::mx);
  response.response = true;
  EXPECT_TRUE(authority.answer(dns::encode_message(response), Transport::udp).octets.empty())
      << "no ping-pong";
}

TEST(Authority, faults_do_what_they_say) {
  const Message asked = query("mx1.example.test", Type::a);
  EXPECT_EQ(respond(asked, {"*=servfail"}).rcode, Rcode::servfail);
  EXPECT_TRUE(respond(asked, {"*=servfail"}).answers.empty());
  EXPECT_EQ(respond(asked, {"mx1.example.test/MX=servfail"}).rcode, Rcode::noerror);
  EXPECT_EQ(respond(asked, {"*.example.test/A=refused"}).rcode, Rcode::refused);
  EXPECT_EQ(respond(asked, {"*=nxdomain"}).rcode, Rcode::nxdomain);
  EXPECT_TRUE(respond(asked, {"*=truncate"}).truncated);
  EXPECT_FALSE(respond(asked, {"*=truncate"}, Transport::tcp).truncated);
  EXPECT_NE(respond(asked, {"*=wrong-id"}).id, 77);
  EXPECT_NE(respond(asked, {"*=wrong-question"}).questions, asked.questions);
  auto authority =
      test::DnsLab::authority(kZone, {"*=silent,times=1", "*=delay:250ms,times=1", "*=wrong-port,times=1"});
  const std::string octets = dns::encode_message(asked);
  EXPECT_TRUE(authority.answer(octets, Transport::udp).octets.empty());
  EXPECT_EQ(authority.answer(octets, Transport::udp).delay, Millis(250));
  EXPECT_TRUE(authority.answer(octets, Transport::udp).from_other_port);
  const Reply healthy = authority.answer(octets, Transport::udp);
  EXPECT_FALSE(healthy.from_other_port);
  EXPECT_EQ(healthy.delay, Millis(0));
  EXPECT_FALSE(healthy.octets.empty());
}

TEST(Faults, refuse_what_they_do_not_know) {
  for (const char* bad : {"", "x", "x=", "x=nonsense", "x=delay:5", "x=delay:2h", "x=servfail,times=",
                          "x=servfail,n=1", "a..b=servfail", "x/NOPE=servfail", "=servfail"}) {
    EXPECT_FALSE(parse_fault(bad).has_value()) << bad;
  }
  const auto file = parse_fault_file("# outage\n\nmx.test = servfail # now\n*=silent\n", "f");
  EXPECT_EQ(file.value().size(), 2U);
  EXPECT_THAT(parse_fault_file("x=servfail\ny=oops\n", "f").error().what, testing::HasSubstr("f:2: 'oops'"));
}

}  // namespace
}  // namespace waybill::resolve
