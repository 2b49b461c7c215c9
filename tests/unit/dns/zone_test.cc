#include "dns/zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace waybill::dns {
namespace {

using Status = Zone::Status;

Name name(std::string_view text) { return Name::parse(text).value(); }

ZoneFile file(std::string_view text) { return read_zone_text(text, "example.org.zone"); }

std::shared_ptr<const Zone> zone(std::string_view text) {
  const ZoneFile read = file(text);
  EXPECT_TRUE(read.errors.empty()) << read.errors[0].to_string();
  return zones_of(read).at(0);
}

// The zone of RFC 4592 2.2.1, and what it says of it.
constexpr const char* kWildcards = R"($TTL 3600
$ORIGIN example.
@ SOA ns a 1 1 1 1 1
  NS ns.example.com.
* TXT "this is a wildcard"
*.sub TXT "not this"
* MX 10 host1.example.
sub.* TXT "not a wildcard"
host1 A 192.0.2.1
_ssh._tcp.host1 SRV 0 0 22 host1
_ssh._tcp.host2 SRV 0 0 22 host1
subdel NS ns.example.com.
alias CNAME host1
)";

TEST(Zone, wildcards_as_rfc_4592_has_them) {
  const auto z = zone(kWildcards);
  EXPECT_EQ(z->find(name("host3.example"), Type::mx).status, Status::answer);
  EXPECT_TRUE(z->find(name("host3.example"), Type::mx).wildcard);
  EXPECT_EQ(z->find(name("host3.example"), Type::a).status, Status::nodata);
  EXPECT_EQ(z->find(name("foo.bar.example"), Type::txt).status, Status::answer);
  EXPECT_EQ(z->find(name("host1.example"), Type::mx).status, Status::nodata);
  EXPECT_EQ(z->find(name("sub.*.example"), Type::mx).status, Status::nodata);
  EXPECT_EQ(z->find(name("_telnet._tcp.host1.example"), Type::srv).status, Status::nxdomain);
  EXPECT_EQ(z->find(name("host.subdel.example"), Type::a).status, Status::delegation);
  EXPECT_EQ(z->find(name("ghost.*.example"), Type::mx).status, Status::nxdomain);
  const auto found = z->find(name("host3.example"), Type::mx);
  EXPECT_EQ(Zone::records_of(found, name("host3.example")).at(0).owner, name("host3.example"));
}

TEST(Zone, empty_non_terminals_exist) {
  const auto z = zone(kWildcards);
  EXPECT_EQ(z->find(name("_tcp.host1.example"), Type::a).status, Status::nodata);
  EXPECT_EQ(z->find(name("host2.example"), Type::mx).status, Status::nodata) << "not the wildcard";
}

TEST(Zone, delegation_and_ds) {
  const auto z = zone(kWildcards);
  EXPECT_EQ(z->find(name("subdel.example"), Type::a).status, Status::delegation);
  EXPECT_EQ(z->find(name("subdel.example"), Type::ds).status, Status::nodata);
  EXPECT_EQ(z->find(name("example"), Type::ns).status, Status::answer) << "the origin's own NS cut nothing";
  EXPECT_EQ(z->find(name("elsewhere.test"), Type::a).status, Status::out_of_zone);
}

TEST(Zone, cname) {
  const auto z = zone(kWildcards);
  EXPECT_EQ(z->find(name("alias.example"), Type::mx).status, Status::cname);
  EXPECT_EQ(z->find(name("alias.example"), Type::cname).status, Status::answer);
}

TEST(Zone, negative_soa_has_the_lower_ttl) {
  EXPECT_EQ(zone("$TTL 3600\n@ SOA ns a 1 1 1 1 90\n")->negative_soa().ttl_s, 90U);
  const auto loose = zone("$TTL 3600\na A 192.0.2.1\n");
  EXPECT_TRUE(loose->soa_made_up());
  EXPECT_EQ(loose->negative_soa().ttl_s, 60U);
}

TEST(Zone, several_zones_in_a_file_and_loose_records) {
  const auto zones =
      zones_of(file("$TTL 60\na.test. SOA . . 1 1 1 1 1\nwww.a.test. A 192.0.2.1\n"
                    "b.test. SOA . . 1 1 1 1 1\nmx.b.test. A 192.0.2.2\n"
                    "c.test. MX 10 mx.c.test.\nmx.c.test. A 192.0.2.3\n"));
  ASSERT_EQ(zones.size(), 3U);
  ZoneSet set;
  for (const auto& z : zones) set.add(z);
  EXPECT_EQ(set.find(name("mx.b.test"))->origin(), name("b.test"));
  EXPECT_EQ(set.find(name("mx.c.test"))->origin(), name("c.test"));
  EXPECT_EQ(set.find(name("d.test")), nullptr);
}

TEST(Zone, a_loose_wildcard_answers_below_its_parent) {
  const auto zones = zones_of(read_zone_text("$TTL 60\n*.w.test. A 192.0.2.1\n", "lab"));
  ASSERT_EQ(zones.size(), 1U);
  EXPECT_EQ(zones[0]->find(name("x.w.test"), Type::a).status, Status::answer);
}

TEST(Rfc, rfc_119_cname_with_other_data_is_found) {
  const auto errors = check_zone(file("$TTL 60\n@ SOA ns a 1 1 1 1 1\n  NS ns\nx CNAME y\nx MX 10 y\n"));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].line, 5);
  EXPECT_THAT(errors[0].what, testing::HasSubstr("CNAME and other data"));
}

TEST(Zone, check_finds_missing_ns_and_foreign_names) {
  const auto errors = check_zone(file("$TTL 60\n@ SOA ns a 1 1 1 1 1\nother.test. A 192.0.2.1\n"));
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].line, 3);
}

TEST(Zone, a_hundred_thousand_names_answer_fast) {
  std::vector<Record> records;
  for (int i = 0; i < 100'000; ++i) {
    records.push_back({name("h" + std::to_string(i) + ".example.org"), Type::a, 60,
                       IpAddress::v4(static_cast<uint32_t>(i))});
  }
  const Zone big(name("example.org"), std::move(records));
  const auto start = std::chrono::steady_clock::now();
  int found = 0;
  for (int i = 0; i < 100'000; ++i) {
    found += big.find(name("h" + std::to_string(i) + ".example.org"), Type::a).status == Status::answer;
  }
  EXPECT_EQ(found, 100'000);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << "a scan would take minutes";
}

}  // namespace
}  // namespace waybill::dns
