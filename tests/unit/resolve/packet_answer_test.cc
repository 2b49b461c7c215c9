#include "resolve/packet_answer.h"

#include <gtest/gtest.h>

#include "resolve/resolv_conf.h"
#include "support/dns_lab.h"

namespace waybill::resolve {
namespace {

using dns::Kind;
using dns::Message;
using dns::Type;
using test::name;

const dns::Question kAsked{name("example.test"), Type::mx};

Message message(dns::Rcode rcode = dns::Rcode::noerror) {
  Message m;
  m.response = true;
  m.rcode = rcode;
  m.questions.push_back({kAsked.name, kAsked.type});
  return m;
}

dns::Answer answer(const Message& m, Security security = Security::insecure) {
  return answer_from_packet(kAsked, dns::encode_message(m), security, "");
}

TEST(PacketAnswer, bogus_is_never_absent_nor_present) {
  for (const auto rcode : {dns::Rcode::noerror, dns::Rcode::nxdomain}) {
    Message m = message(rcode);
    EXPECT_EQ(answer(m, Security::bogus).kind, Kind::bogus);
    m.answers.push_back({kAsked.name, Type::mx, 60, dns::Mx{1, name("mx.test")}});
    EXPECT_EQ(answer(m, Security::bogus).kind, Kind::bogus);
    EXPECT_TRUE(answer(m, Security::bogus).records.empty());
    EXPECT_FALSE(answer(m, Security::bogus).why.empty());
  }
}

TEST(PacketAnswer, only_noerror_and_nxdomain_say_absent) {
  EXPECT_EQ(answer(message(dns::Rcode::nxdomain)).kind, Kind::nxdomain);
  EXPECT_EQ(answer(message()).kind, Kind::nodata);
  for (int rcode = 1; rcode < 16; ++rcode) {
    if (rcode == 3) continue;
    EXPECT_EQ(answer(message(static_cast<dns::Rcode>(rcode))).kind, Kind::failed) << rcode;
  }
}

TEST(PacketAnswer, odd_packets_are_failed) {
  Message other = message(dns::Rcode::nxdomain);
  other.questions[0].name = name("other.test");
  EXPECT_EQ(answer(other).kind, Kind::failed);
  Message truncated = message();
  truncated.truncated = true;
  EXPECT_EQ(answer(truncated).kind, Kind::failed);
  Message query = message(dns::Rcode::nxdomain);
  query.response = false;
  EXPECT_EQ(answer(query).kind, Kind::failed);
  EXPECT_EQ(answer_from_packet(kAsked, "", Security::secure, "").kind, Kind::failed);
}

TEST(PacketAnswer, every_truncation_is_failed) {
  Message m = message(dns::Rcode::nxdomain);
  m.authority.push_back({name("test"), Type::soa, 60, dns::Soa{name("a"), name("b"), 1, 2, 3, 4, 5}});
  const std::string wire = dns::encode_message(m);
  for (size_t cut = 0; cut < wire.size(); ++cut) {
    EXPECT_EQ(answer_from_packet(kAsked, wire.substr(0, cut), Security::secure, "").kind, Kind::failed)
        << cut;
  }
  EXPECT_EQ(answer_from_packet(kAsked, wire, Security::secure, "").kind, Kind::nxdomain);
}

TEST(PacketAnswer, secure_and_ttl) {
  Message m = message();
  m.answers.push_back({kAsked.name, Type::cname, 30, name("c.test")});
  m.answers.push_back({name("c.test"), Type::mx, 60, dns::Mx{1, name("mx.test")}});
  const auto got = answer(m, Security::secure);
  EXPECT_TRUE(got.secure);
  EXPECT_EQ(got.ttl_s, 30U);
  EXPECT_EQ(got.canonical, name("c.test"));
  EXPECT_EQ(answer(message(), Security::insecure).ttl_s, 0U) << "no SOA: not to be remembered";
}

TEST(PacketAnswer, records_of_other_names_do_not_count) {
  Message m = message();
  m.answers.push_back({name("stray.test"), Type::mx, 60, dns::Mx{1, name("evil.test")}});
  EXPECT_EQ(answer(m).kind, Kind::nodata);
}

TEST(ResolvConf, takes_only_name_servers) {
  const auto servers = parse_resolv_conf(
      "# nameserver 192.0.2.9\nsearch corp.test\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 # "
      "x\nnameserverx "
      "192.0.2.3\nnameserver fe80::1%eth0\nnameserver junk\n");
  ASSERT_GE(servers.size(), 2U);
  EXPECT_EQ(servers[0].to_string(), "192.0.2.1:53");
  EXPECT_EQ(servers[1].to_string(), "[2001:db8::1]:53");
}

}  // namespace
}  // namespace waybill::resolve
