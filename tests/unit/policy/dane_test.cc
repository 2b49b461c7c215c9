#include "policy/dane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waybill {
namespace {
using dns::Type;
using policy::DaneCertificate;
using policy::DaneHost;
using Status = policy::DaneHost::Status;

dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

const dns::Tlsa kGood{3, 1, 1, std::string(32, 'k')};
const dns::Name kHost = name("mx.example.org");

/// A small DNS in which everything that is not put is absent, and secure.
class World {
 public:
  World& put(const std::string& owner, Type type, std::vector<dns::Data> data, bool secure = true,
             const std::string& canonical = {}) {
    dns::Answer answer{.kind = data.empty() ? dns::Kind::nodata : dns::Kind::present, .secure = secure};
    answer.canonical = name(canonical.empty() ? owner : canonical);
    if (!canonical.empty()) answer.chain = {name(owner)};
    for (dns::Data& each : data) answer.records.push_back({answer.canonical, type, 60, std::move(each)});
    known_[{name(owner), type}] = std::move(answer);
    return *this;
  }
  World& fails(const std::string& owner, Type type, dns::Kind kind) {
    known_[{name(owner), type}] = {.kind = kind, .why = "SERVFAIL"};
    return *this;
  }
  World& address(bool secure = true) {
    return put("mx.example.org", Type::a, {IpAddress::v4(0xC0000201)}, secure);
  }

  DaneHost run() {
    dns::Facts facts;
    for (int round = 0; round < 10; ++round) {
      auto step = policy::dane_of(kHost, 25, facts);
      if (auto* done = std::get_if<DaneHost>(&step)) return *done;
      for (const dns::Question& question : std::get<Questions<dns::Question>>(step)) {
        asked.push_back(question);
        const auto at = known_.find(question);
        facts.put(question,
                  at != known_.end() ? at->second : dns::Answer{.kind = dns::Kind::nodata, .secure = true});
      }
    }
    ADD_FAILURE() << "it asks without end";
    return {};
  }
  std::vector<dns::Question> asked;

 private:
  std::map<dns::Question, dns::Answer> known_;
};

constexpr auto kTlsa = "_25._tcp.mx.example.org";

TEST(DaneOf, secure_records_at_a_secure_host_are_usable) {
  const DaneHost host = World().address().put(kTlsa, Type::tlsa, {kGood}).run();
  EXPECT_EQ(host.status, Status::usable);
  EXPECT_EQ(host.base, kHost);
  EXPECT_EQ(host.records.size(), 1U);
}
TEST(DaneOf, rfc_096_a_host_with_insecure_addresses_has_no_dane) {
  World world;
  world.address(false).put(kTlsa, Type::tlsa, {kGood});
  EXPECT_EQ(world.run().status, Status::none);
  // Nor are its TLSA records asked for: the servers of unsigned zones may not know the type (RFC 7672 2.2.2).
  for (const dns::Question& question : world.asked) EXPECT_NE(question.type, Type::tlsa);
}
TEST(DaneOf, rfc_097_the_mx_record_needs_not_be_secure) {
  // dane_of() looks at the host alone: nothing in it asks for the MX.
  World world;
  world.address().put(kTlsa, Type::tlsa, {kGood});
  EXPECT_EQ(world.run().status, Status::usable);
  for (const dns::Question& question : world.asked) EXPECT_NE(question.type, Type::mx);
}
TEST(DaneOf, rfc_098_a_failed_or_bogus_answer_passes_the_host_over) {
  for (const dns::Kind kind : {dns::Kind::failed, dns::Kind::bogus}) {
    const DaneHost host = World().address().fails(kTlsa, Type::tlsa, kind).run();
    EXPECT_EQ(host.status, Status::failed);
    EXPECT_THAT(host.why, testing::HasSubstr("SERVFAIL"));
  }
  EXPECT_EQ(World().fails("mx.example.org", Type::a, dns::Kind::bogus).run().status, Status::failed);
}
TEST(DaneOf, insecure_or_absent_records_are_none) {
  EXPECT_EQ(World().address().put(kTlsa, Type::tlsa, {kGood}, false).run().status, Status::none);
  EXPECT_EQ(World().address().run().status, Status::none);
  EXPECT_EQ(World().run().status, Status::none) << "no address";
}
TEST(DaneOf, rfc_100_unusable_records_alone_still_demand_tls) {
  const DaneHost alone =
      World().address().put(kTlsa, Type::tlsa, {dns::Tlsa{1, 1, 1, std::string(32, 'k')}}).run();
  EXPECT_EQ(alone.status, Status::unusable);
  EXPECT_TRUE(alone.records.empty());
  const DaneHost mixed =
      World().address().put(kTlsa, Type::tlsa, {dns::Tlsa{0, 0, 1, "short"}, dns::Data{kGood}}).run();
  EXPECT_EQ(mixed.status, Status::usable);
  EXPECT_EQ(mixed.records.size(), 1U);
}
TEST(TlsaFault, rfc_100_what_smtp_cannot_use) {
  const std::string sha256(32, 'x');
  const std::string sha512(64, 'x');
  for (const dns::Tlsa& good : {dns::Tlsa{3, 1, 1, sha256}, dns::Tlsa{2, 0, 1, sha256},
                                dns::Tlsa{3, 0, 2, sha512}, dns::Tlsa{2, 1, 0, "0x"}}) {
    EXPECT_EQ(policy::tlsa_fault(good), "");
  }
  for (const dns::Tlsa& bad :
       {dns::Tlsa{0, 1, 1, sha256}, dns::Tlsa{1, 0, 1, sha256}, dns::Tlsa{4, 1, 1, sha256},
        dns::Tlsa{255, 1, 1, sha256}, dns::Tlsa{3, 2, 1, sha256}, dns::Tlsa{3, 1, 3, sha256},
        dns::Tlsa{3, 1, 1, sha512}, dns::Tlsa{3, 1, 2, sha256}, dns::Tlsa{3, 1, 1, ""},
        dns::Tlsa{2, 0, 0, ""}, dns::Tlsa{2, 0, 0, "no certificate"}}) {
    EXPECT_NE(policy::tlsa_fault(bad), "") << int{bad.usage} << int{bad.selector} << int{bad.matching};
  }
}
TEST(DaneOf, rfc_103_a_secure_alias_looks_at_the_expanded_name_first_then_at_the_original) {
  const auto at = [](const std::string& owner) {
    return World()
        .put("mx.example.org", Type::a, {IpAddress::v4(1)}, true, "real.example.net")
        .put(owner, Type::tlsa, {kGood})
        .run();
  };
  const DaneHost expanded = at("_25._tcp.real.example.net");
  EXPECT_EQ(expanded.status, Status::usable);
  EXPECT_EQ(expanded.base, name("real.example.net"));
  const DaneHost original = at(kTlsa);
  EXPECT_EQ(original.status, Status::usable);
  EXPECT_EQ(original.base, kHost);
}
TEST(DaneOf, rfc_103_an_alias_that_is_secure_itself_keeps_its_records_where_its_target_is_not) {
  const auto with = [](bool alias_secure) {
    return World()
        .put("mx.example.org", Type::a, {IpAddress::v4(1)}, false, "real.example.net")
        .put("mx.example.org", Type::cname, {name("real.example.net")}, alias_secure)
        .put("_25._tcp.real.example.net", Type::tlsa, {kGood})
        .put(kTlsa, Type::tlsa, {kGood})
        .run();
  };
  EXPECT_EQ(with(true).status, Status::usable);
  EXPECT_EQ(with(true).base, kHost);
  EXPECT_EQ(with(false).status, Status::none);
}

/// A chain of the server's own and one above it, with telling hashes.
std::vector<DaneCertificate> chain(bool anchors) {
  return {{.der = "own",
           .spki = "own key",
           .der_sha256 = "11111111111111111111111111111111",
           .spki_sha256 = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"},
          {.der = "top",
           .spki = "top key",
           .der_sha256 = "tttttttttttttttttttttttttttttttt",
           .spki_sha256 = "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu",
           .anchors = anchors}};
}
TEST(DaneMatches, rfc_101_usage_3_cares_neither_for_the_name_nor_for_dates) {
  EXPECT_TRUE(policy::dane_matches({kGood}, chain(false), false));
  EXPECT_FALSE(policy::dane_matches({{3, 1, 1, std::string(32, 'u')}}, chain(true), true))
      << "not the server's own";
  EXPECT_FALSE(policy::dane_matches({kGood}, {}, true));
}
TEST(DaneMatches, rfc_102_usage_2_wants_the_name_and_a_chain_that_verifies) {
  const dns::Tlsa anchor{2, 0, 1, std::string(32, 't')};
  EXPECT_TRUE(policy::dane_matches({anchor}, chain(true), true));
  EXPECT_FALSE(policy::dane_matches({anchor}, chain(true), false));
  EXPECT_FALSE(policy::dane_matches({anchor}, chain(false), true));
  EXPECT_FALSE(policy::dane_matches({{2, 1, 1, std::string(32, 'k')}}, chain(true), true))
      << "the own is no anchor";
}
TEST(CertificateNames, a_wildcard_is_one_whole_label_and_never_a_top_level_domain) {
  const std::vector<std::string> names{
      "mx.example.org", "*.example.net", "*.test", "m*.example.com", "*", ""};
  EXPECT_TRUE(policy::certificate_names(names, name("MX.example.org")));
  EXPECT_TRUE(policy::certificate_names(names, name("a.example.net")));
  for (const char* other :
       {"example.org", "example.net", "a.b.example.net", "a.test", "mx.example.com", "com", "."})
    EXPECT_FALSE(policy::certificate_names(names, name(other))) << other;
}
TEST(DaneMatches, rfc_104_in_a_rollover_one_of_two_is_enough) {
  EXPECT_TRUE(policy::dane_matches({{3, 1, 1, std::string(32, 'n')}, kGood}, chain(false), false));
  EXPECT_FALSE(policy::dane_matches({{3, 1, 1, std::string(32, 'n')}}, chain(false), false));
}
TEST(DaneMatches, full_data_and_sha512) {
  auto with = chain(true);
  with[0].spki = "0key";
  const std::string sha512(64, '5');
  with[0].der_sha512 = sha512;
  EXPECT_TRUE(policy::dane_matches({{3, 1, 0, "0key"}}, with, false));
  EXPECT_TRUE(policy::dane_matches({{3, 0, 2, sha512}}, with, false));
  EXPECT_FALSE(policy::dane_matches({{3, 0, 0, "0key"}}, with, false));
}
}  // namespace
}  // namespace waybill
